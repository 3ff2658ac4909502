import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Runs a command with its output for people to see; an exit code other than 0 is an error. */
export async function run(
  command: string,
  words: string[],
  {
    cwd,
    environment = {},
    input,
  }: { cwd: string; environment?: NodeJS.ProcessEnv; input?: string },
): Promise<void> {
  console.log(`$ ${[command, ...words].join(' ')}`)
  const child = spawn(command, words, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'inherit', 'inherit'],
  })
  child.stdin?.end(input)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ended with ${code} in ${cwd}`)
}
