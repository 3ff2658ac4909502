import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ToolContext, ToolOutcome, Toolset } from '#runtime/tool.ts'
import { createBackgroundJobs } from '#tools/background-jobs.ts'
import { createShellToolset } from '#tools/shell.ts'
import { callTool, temporaryDirectory, toolContext } from './tool-context.ts'
import { openWitness } from './witness.ts'

const environment = {
  PATH: process.env.PATH,
  HOME: '/home/ada',
  LANG: 'C.UTF-8',
  SERVER_KEY: 'never-shown',
  API_TOKEN: 'tok-4711-secret',
}

type Given = Record<string, unknown>

/** A shell toolset in a fresh directory. */
async function openShell(config: Given = {}) {
  const directory = await realpath(await temporaryDirectory())
  const jobs = createBackgroundJobs({ now: Date.now })
  onTestFinished(() => jobs.close())
  const factory = createShellToolset({ enabled: true, environment, workspace: directory, jobs })
  const toolset = factory({ type: 'shell', ...config }, { baseDirectory: directory })
  return { directory, jobs, toolset, run: (args: Given, own = {}) => shell(toolset, args, own) }
}

async function shell(toolset: Toolset, args: Given, own: Partial<ToolContext> = {}) {
  return whole(await callTool(toolset, 'shell', args, toolContext(own)))
}

function whole(outcome: ToolOutcome) {
  if (outcome.type !== 'result') throw new Error('the shell asks nobody')
  return outcome
}

test('a command gives its output and how it ended', async () => {
  const { run } = await openShell()
  expect(await run({ cmd: 'echo out; echo err >&2' })).toMatchObject({
    output: 'out\nerr\n',
    is_error: false,
    structured: { exit_code: 0, signal: null, timed_out: false, truncated: false },
  })
  expect(await run({ cmd: 'printf partly; exit 3' })).toMatchObject({
    output: 'partly\n[exit code 3]',
    is_error: true,
  })
  expect(await run({ cmd: 'true' })).toMatchObject({ output: '(no output)', is_error: false })
  expect(await run({ cmd: 'kill -9 $$' })).toMatchObject({ output: '[ended by SIGKILL]' })
  expect(await run({ cmd: 'cat' })).toMatchObject({ output: '(no output)' })
})

test('a command sees PATH, HOME and LANG and what the agent file gives it, nothing else', async () => {
  const { run } = await openShell({ env: { GREETING: 'hi', TOKEN: 'x ${env.API_TOKEN}' } })
  const { output } = await run({ cmd: 'env' })
  const lines = output
    .split('\n')
    .filter((line) => line !== '' && !/^(PWD|OLDPWD|_|SHLVL|PARLEY_COMMAND)=/.test(line))
  expect(lines.sort()).toEqual([
    'GREETING=hi',
    'HOME=/home/ada',
    'LANG=C.UTF-8',
    `PATH=${environment.PATH}`,
    'TOKEN=x [API_TOKEN]',
  ])
})

test('a secret is taken out of the output, also when it comes in pieces', async () => {
  const { run, jobs, toolset } = await openShell({ env: { TOKEN: '${env.API_TOKEN}' } })
  const shown: string[] = []
  const cmd =
    'printf tok-47; wait_for_reader() { read -r _ < fifo; }; mkfifo fifo; echo >fifo & wait_for_reader; printf 11-secret; test "$TOKEN" = tok-4711-secret && echo " right"'
  const { output } = await run({ cmd }, { progress: (text: string) => void shown.push(text) })
  expect(output).toBe('[API_TOKEN] right\n')
  expect(shown.join('')).toBe(output)
  const context = toolContext()
  await callTool(toolset, 'run_background_job', { cmd: 'echo $TOKEN' }, context)
  await jobs.stop(context, 'job_1')
  expect(jobs.get(context, 'job_1')?.output.text()).not.toContain('4711')
})

test('an unset variable that the agent file asks for is named', async () => {
  const { run } = await openShell({ env: { TOKEN: '${env.NOT_THERE}' } })
  expect(await run({ cmd: 'true' })).toMatchObject({
    output: 'the environment variable NOT_THERE is not set',
    is_error: true,
  })
})

test('commands run in the working directory of the session, in path, and below, not outside', async () => {
  const { directory, run } = await openShell()
  await mkdir(join(directory, 'sub/inner'), { recursive: true })
  const place = async (args: Given, own = {}) => (await run({ cmd: 'pwd', ...args }, own)).output
  expect(await place({})).toBe(`${directory}\n`)
  expect(await place({ cwd: 'sub' })).toBe(`${directory}/sub\n`)
  expect(await place({ cwd: 'inner' }, { workingDir: join(directory, 'sub') })).toBe(
    `${directory}/sub/inner\n`,
  )
  expect(await place({ cwd: '..' })).toContain('outside the workspace')
  expect(await place({ cwd: '/' })).toContain('outside the workspace')
  expect(await place({ cwd: 'nowhere' })).toContain('does not exist')
  const fixed = await openShell({ path: './work' })
  await mkdir(join(fixed.directory, 'work'))
  const inWork = await fixed.run({ cmd: 'pwd' }, { workingDir: directory })
  expect(inWork.output).toBe(`${fixed.directory}/work\n`)
})

test('output is shown while the command runs', async () => {
  const { run, directory } = await openShell()
  const { promise, resolve } = Promise.withResolvers<string>()
  const running = run(
    { cmd: 'mkfifo go; echo first; read -r _ < go; echo second' },
    { progress: resolve },
  )
  expect(await promise).toBe('first\n')
  await writeFile(join(directory, 'go'), '\n')
  expect((await running).output).toBe('first\nsecond\n')
})

test('bytes that are no UTF-8 come as U+FFFD, and characters that come in pieces are whole', async () => {
  const { run } = await openShell()
  const { output } = await run({ cmd: "printf 'a\\377\\376b\\303'; printf '\\251 \\000'" })
  expect(output).toBe('a\ufffd\ufffdbé \0')
})

test('a loop without end is stopped after its time, with what it said so far', async () => {
  const { run } = await openShell()
  expect(await run({ cmd: 'echo begun; while :; do :; done', timeout: 2 })).toMatchObject({
    output: 'begun\n[stopped: it did not end within 2 s]',
    is_error: true,
    structured: { timed_out: true },
  })
})

test('what ignores SIGTERM is killed, and all that it started with it', async () => {
  const { run, directory } = await openShell()
  const witness = await openWitness(directory)
  const controller = new AbortController()
  const loop = 'while :; do sleep 1; done'
  const cmd = `trap '' TERM INT HUP; exec 8>${witness.name}; (${loop}) & (${loop}) & echo on; ${loop}`
  const stop = () => controller.abort(new Error('cancelled'))
  await run({ cmd }, { signal: controller.signal, progress: stop })
  await witness.gone
})

test('what a command leaves running is ended when it is over', async () => {
  const { run, directory } = await openShell()
  const witness = await openWitness(directory)
  const cmd = `exec 8>${witness.name}; (while :; do sleep 1; done) & nohup sleep 1000 >/dev/null 2>&1 & echo over`
  expect((await run({ cmd })).output).toBe('over\n')
  await witness.gone
})

test('what left the group and holds the output open does not hold the call', async () => {
  const { run } = await openShell()
  const { output } = await run({ cmd: 'setsid sleep 4 & echo over' })
  expect(output).toBe('over\n')
})

test.each([
  ['a session of its own', (loop: string) => `setsid sh -c '${loop}' &`],
  ['a double fork', (loop: string) => `(setsid sh -c 'sh -c "${loop}" &' &) &`],
  ['a name of its own', (loop: string) => `setsid nohup sh -c '${loop}' innocent &`],
])('what left the group by %s is ended with the command', async (_way, leave) => {
  const { run, directory } = await openShell()
  const witness = await openWitness(directory)
  const cmd = `exec 8>${witness.name}; ${leave('while :; do sleep 1; done')} echo over`
  expect((await run({ cmd })).output).toBe('over\n')
  await witness.gone
})

test('a cancelled call takes its processes with it and shows nothing more', async () => {
  const { run, directory } = await openShell()
  const witness = await openWitness(directory)
  const controller = new AbortController()
  const shown: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const running = run(
    { cmd: `trap 'echo bye' TERM; exec 8>${witness.name}; echo on; while :; do sleep 1; done` },
    { signal: controller.signal, progress: (text: string) => resolve(void shown.push(text)) },
  )
  await promise
  controller.abort(new Error('cancelled'))
  expect(await running).toMatchObject({ output: 'cancelled', is_error: true })
  await witness.gone
  expect(shown).toEqual(['on\n'])
})

test('a flood of 1 GB keeps its head and tail, and memory stays flat', async () => {
  const { run } = await openShell()
  const shown: string[] = []
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  let most = before
  const progress = (text: string) => void shown.push(text)
  const cmd = 'echo begin; head -c 1000000000 /dev/zero | tr "\\0" x; echo; echo end'
  const watching = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss)
  }, 20)
  const outcome = await run({ cmd, timeout: 60 }, { progress })
  clearInterval(watching)
  expect(outcome.output.slice(0, 10)).toBe('begin\nxxxx')
  expect(outcome.output.slice(-8)).toBe('xxx\nend\n')
  expect(outcome.output).toContain('characters are left out')
  expect(outcome.output.length).toBeLessThan(81_000)
  expect(outcome.structured).toMatchObject({ exit_code: 0, truncated: true })
  expect(shown.join('').length).toBeLessThan(140_000)
  expect(most - before).toBeLessThan(150 * 1024 * 1024)
}, 90_000)

test('a command that forks without end is ended as a whole', async () => {
  const { run, directory } = await openShell()
  const witness = await openWitness(directory)
  const fork = `exec 8>${witness.name}; f() { n=$1; while [ $n -gt 0 ]; do n=$((n-1)); (f $n; sleep 100) & done; wait; }; f 6`
  expect((await run({ cmd: fork, timeout: 3 })).output).toContain('stopped')
  await witness.gone
})

test('commands that the system cannot take are told in words', async () => {
  const { run } = await openShell({ env: { BIG: 'x'.repeat(200_000) } })
  expect((await run({ cmd: 'true' })).output).toContain('too long for the system')
  const plain = await openShell()
  expect((await plain.run({ cmd: 'echo a\0b' })).output).toContain('NUL')
  expect((await plain.run({ cmd: '' })).is_error).toBe(true)
})

test('jobs run on, show their output, are listed, and end with all they started', async () => {
  const { toolset, directory } = await openShell()
  const witness = await openWitness(directory)
  const context = toolContext()
  const call = async (name: string, args: Given = {}, own = context) =>
    whole(await callTool(toolset, name, args, own)).output
  expect(await call('list_background_jobs')).toBe('There are no background jobs.')
  const cmd = `echo up >ready; echo up; exec 8>${witness.name}; while :; do sleep 1; done`
  expect(await call('run_background_job', { cmd })).toContain('Started job_1')
  await witness.opened
  expect(await call('list_background_jobs')).toMatch(/^job_1 \[running, started .*exec 8/)
  expect(await call('view_background_job', { job_id: 'job_2' })).toContain('There is no job job_2')
  const others = [toolContext({ sessionId: 'ses_2' }), toolContext({ tenant: 'elsewhere' })]
  for (const other of others) {
    expect(await call('list_background_jobs', {}, other)).toBe('There are no background jobs.')
    expect(await call('stop_background_job', { job_id: 'job_1' }, other)).toContain('no job')
  }
  expect(await call('stop_background_job', { job_id: 'job_1' })).toContain('[ended by SIGTERM')
  await witness.gone
  expect(await call('view_background_job', { job_id: 'job_1' })).toMatch(/SIGTERM.*\n\nup\n$/s)
  expect(await readFile(join(directory, 'ready'), 'utf8')).toBe('up\n')
})

test('a session runs ten jobs at a time, and all end when the server closes', async () => {
  const { toolset, directory, jobs } = await openShell()
  const witness = await openWitness(directory)
  const start = () =>
    callTool(toolset, 'run_background_job', {
      cmd: `exec 8>${witness.name}; while :; do sleep 1; done`,
    })
  for (let index = 0; index < 10; index += 1) {
    expect(await start()).toMatchObject({ is_error: false })
  }
  expect(await start()).toMatchObject({ is_error: true })
  await witness.opened
  await jobs.close()
  await witness.gone
  expect(await start()).toMatchObject({ output: expect.stringContaining('server is stopping') })
})

test('without the operator nothing of it is there, with one clear line', async () => {
  const jobs = createBackgroundJobs({ now: Date.now })
  const factory = createShellToolset({ enabled: false, environment, workspace: '/', jobs })
  const toolset = factory({ type: 'shell' }, { baseDirectory: '/' })
  await expect(toolset.tools(toolContext())).rejects.toThrow(
    'running commands is turned off; start the server with --enable-shell',
  )
})

test('commands ask, looking at jobs does not', async () => {
  const { toolset } = await openShell()
  const tools = await toolset.tools(toolContext())
  const asks = tools.filter(
    ({ definition, harmless }) => !harmless && definition.annotations.read_only !== true,
  )
  expect(asks.map(({ definition }) => definition.name)).toEqual(['shell', 'run_background_job'])
})
