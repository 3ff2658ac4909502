// Says something to an agent, asks about each call that waits for a person, and prints the answer.
import { stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline/promises'
import { chat, createClient } from 'parley-client'

const [baseUrl = 'http://127.0.0.1:8080', message = 'write hello.txt with Hello from Node'] =
  process.argv.slice(2)

const client = createClient({ baseUrl })
const events = chat(client, {
  message,
  onReconnect: ({ delay }) => console.error(`\n-- lost; again in ${Math.round(delay)} ms --`),
})

for await (const event of events) {
  switch (event.type) {
    case 'agent_choice':
      stdout.write(event.content)
      break
    case 'tool_call_confirmation':
      await decide(event)
      break
    case 'tool_call_response':
      console.log(`\n[${event.tool_call.function.name}: ${event.state}]`)
      break
    case 'error':
      console.error(`\n${event.error}`)
      process.exitCode = 1
  }
}
console.log()

/** The run waits for the answer, on no process: it may also come tomorrow, from another program. */
async function decide({ approval_id, tool_call }) {
  const { name, arguments: given } = tool_call.function
  const terminal = createInterface({ input: stdin, output: stdout })
  const answer = await terminal.question(`\nMay it call ${name} ${given}? [y/N] `)
  terminal.close()
  await client.POST('/api/approvals/{approval}', {
    params: { path: { approval: approval_id } },
    body: { decision: answer.trim().toLowerCase() === 'y' ? 'approve' : 'reject' },
  })
}
