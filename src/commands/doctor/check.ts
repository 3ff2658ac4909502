export type Finding = {
  /** What was looked at. */
  name: string
  status: 'ok' | 'warning' | 'failed'
  /** What was found; never a secret. */
  detail: string
  /** What to do. */
  remedy?: string
}

/** Something to look at; what it throws is a finding as well. */
export type Check = { name: string; look(): Promise<Omit<Finding, 'name'>[]> }
