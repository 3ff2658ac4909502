import type { Trial } from './trial.ts'
import { databaseCrash, databaseNetwork } from './trials/database.ts'
import { killEmbedded, killPostgres } from './trials/kill.ts'
import { modelFaults, modelNetwork } from './trials/model.ts'
import { pause } from './trials/pause.ts'
import { atPoint } from './trials/points.ts'

/** Every kind of trial, in the order in which they are made. */
export const trials: readonly Trial[] = [
  killEmbedded,
  killPostgres,
  atPoint,
  pause,
  databaseCrash,
  databaseNetwork,
  modelFaults,
  modelNetwork,
]
