import type { Trial } from './trial.ts'
import { killEmbedded, killPostgres } from './trials/kill.ts'
import { pause } from './trials/pause.ts'

/** Every kind of trial, in the order in which they are made. */
export const trials: readonly Trial[] = [killEmbedded, killPostgres, pause]
