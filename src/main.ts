#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

// Compiled code outlives the process: half of a start is the compiler's. It has to be asked for before
// anything else is loaded, and in a directory that nobody else can write to.
enableCompileCache(join(homedir(), '.cache', 'parley'))
const { runProgram } = await import('./program.ts')
await runProgram(process.argv.slice(2))
