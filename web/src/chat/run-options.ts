/** Somebody is at the page: a call that may have run when its server died is asked about. */
export const runOptions = { on_unknown: 'ask' } as const
