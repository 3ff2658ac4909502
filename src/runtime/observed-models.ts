import type { Model, Models } from './model.ts'
import type { RunObserver } from './observer.ts'
import { toUsage } from './turn.ts'

/** Models whose calls are watched, whoever makes them: the loop, a summary, a plan, a title. */
export function observeModels(models: Models, observer: RunObserver): Models {
  return {
    detected: models.detected,
    list: () => models.list(),
    resolve: (...reference) => observeModel(models.resolve(...reference), observer),
  }
}

function observeModel(model: Model, observer: RunObserver): Model {
  return {
    ...model,
    respond: (request, onDelta) =>
      observer.model({ model: model.id, request }, async (onFirst) => {
        let isFirst = true
        const answer = await model.respond(request, (delta) => {
          if (isFirst) {
            isFirst = false
            onFirst()
          }
          return onDelta(delta)
        })
        return { ...answer, priced: toUsage(answer, model) }
      }),
  }
}
