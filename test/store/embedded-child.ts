import { openDatabase } from '#store/open-database.ts'

// A process that opens a data directory or a server, says so, and then writes rows one after the
// other, each number on its own line once it is committed.
const [target = '', rows = '0', writer = 'child'] = process.argv.slice(2)

try {
  const location = target.startsWith('postgres') ? { url: target } : { dataDirectory: target }
  const database = await openDatabase(location)
  say('opened')
  for (let number = 0; number < Number(rows); number += 1) {
    await database.query(
      `insert into agent_versions (version, name, file, base_directory)
       values ($1, 'row', jsonb_build_object('filler', repeat('x', 500)), '')`,
      [`${writer}-${number}`],
    )
    if (number % 50 === 49) await database.query('checkpoint', [])
    say(`${writer}-${number}`)
  }
  await database.close()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}

// Straight to the pipe: what was said before a kill has been said.
function say(line: string) {
  process.stdout.write(`${line}\n`)
}
