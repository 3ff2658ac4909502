/** Why a path was refused or could not be used; safe to show. */
export class WorkspaceError extends Error {
  override name = 'WorkspaceError'
}

/** The system's error as a sentence without the path on the server. */
export function explained(error: unknown, shown: string): WorkspaceError {
  if (error instanceof WorkspaceError) return error
  const code = codeOf(error)
  const text = explanations[code] ?? `cannot be used (${code || 'unknown error'})`
  return new WorkspaceError(`${shown || '.'} ${text}.`, { cause: error })
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''
}

const explanations: Record<string, string> = {
  ENOENT: 'does not exist; list the directory to see what does',
  ENOTDIR: 'is not a directory, or something before it is a file',
  ELOOP: 'is or goes through a symbolic link that leads in a circle or was changed meanwhile',
  EACCES: 'may not be used: the server has no permission',
  EPERM: 'may not be used: the server has no permission',
  ENAMETOOLONG: 'is too long',
  EISDIR: 'is a directory, not a file',
  EEXIST: 'exists already',
  ENOTEMPTY: 'is not empty',
  ENOSPC: 'cannot be written: the disk is full',
  EROFS: 'cannot be written: the disk is read-only',
  ENXIO: 'is neither a file nor a directory; it cannot be used',
  EXDEV: 'is a mount point',
  EBUSY: 'is in use',
}
