import { realpathSync, statSync } from 'node:fs'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { Problem } from '#contract/problem.ts'

/**
 * A session's working directory as an absolute path. Throws a `Problem` unless it is a directory in
 * the workspace, wherever its links lead.
 */
export function resolveWorkingDir(workspace: string, path: string): string {
  const wanted = resolve(workspace, path)
  try {
    const real = realpathSync(wanted)
    if (!statSync(real).isDirectory()) throw refused(path, 'is no directory')
    if (!contains(realpathSync(workspace), real)) throw refused(path, 'is not in the workspace')
    return real
  } catch (error) {
    throw error instanceof Problem ? error : refused(path, 'is not there')
  }
}

function contains(root: string, path: string): boolean {
  const rest = relative(root, path)
  return rest === '' || !(rest === '..' || rest.startsWith(`..${sep}`) || isAbsolute(rest))
}

function refused(path: string, reason: string): Problem {
  const message = `${path} ${reason}; a working_dir is a directory in the server's --workspace`
  return new Problem('validation_failed', message, { errors: [{ path: 'working_dir', message }] })
}
