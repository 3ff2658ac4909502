import { createContext, useContext } from 'react'

/** Whether the conversation is shown as it was. */
export type ReplayControls = {
  /** The event that it is shown after; null: as it is now. */
  readonly at: number | null
  show(at: number | null): void
  /** The run that is replayed and listed; undefined: all of them. */
  readonly run: string | undefined
  chooseRun(run: string | undefined): void
}

export const ReplayContext = createContext<ReplayControls | null>(null)

export function useReplay(): ReplayControls {
  const replay = useContext(ReplayContext)
  if (!replay) throw new Error('useReplay is called outside of ReplayProvider')
  return replay
}
