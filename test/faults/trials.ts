import type { Trial } from './trial.ts'
import { decisions, rush, twins } from './trials/busy.ts'
import { cancel } from './trials/cancel.ts'
import { clock } from './trials/clock.ts'
import { databaseCrash, databaseNetwork } from './trials/database.ts'
import { fullDisk } from './trials/disk.ts'
import { embeddedKills, secondOpener } from './trials/embedded.ts'
import { killEmbedded, killPostgres } from './trials/kill.ts'
import { modelFaults, modelNetwork } from './trials/model.ts'
import { notifications } from './trials/notifications.ts'
import { oldState } from './trials/old-state.ts'
import { pause } from './trials/pause.ts'
import { atPoint } from './trials/points.ts'
import { poison } from './trials/poison.ts'
import { slowReaders } from './trials/readers.ts'
import { reconnect } from './trials/reconnect.ts'
import { rolling } from './trials/rolling.ts'

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
  reconnect,
  rush,
  decisions,
  twins,
  cancel,
  rolling,
  notifications,
  clock,
  slowReaders,
  embeddedKills,
  secondOpener,
  poison,
  fullDisk,
  oldState,
]
