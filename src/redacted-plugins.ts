import type { HooksFactory } from '#runtime/hooks.ts'
import type { Tool, ToolContext, ToolOutcome, ToolsetFactory } from '#runtime/tool.ts'
import type { Redaction } from './redaction.ts'

/**
 * Toolsets from which no secret comes: the one place that everything passes which tools answer,
 * show while they run, ask people and fail with, before it is stored or told to the model.
 */
export function redactToolsets(
  factories: Record<string, ToolsetFactory>,
  redaction: Redaction,
): Record<string, ToolsetFactory> {
  const entries = Object.entries(factories).map(([type, factory]): [string, ToolsetFactory] => [
    type,
    (config, place) => {
      redaction.learn(config)
      const toolset = failingSafely(() => factory(config, place), redaction)
      return {
        // Some know theirs only later.
        get instruction() {
          return redaction.text(toolset.instruction ?? '')
        },
        tools: async (session) => {
          const tools = await failingSafely(() => toolset.tools(session), redaction)
          return tools.map((tool) => redactTool(tool, redaction))
        },
        close: async () => await toolset.close?.(),
      }
    },
  ])
  return Object.fromEntries(entries)
}

/** The same for what hooks say. */
export function redactHooks(factory: HooksFactory, redaction: Redaction): HooksFactory {
  return (hooks, place) => {
    const { has, ask } = factory(hooks, place)
    return { has, ask: async (...request) => redaction.value(await ask(...request)) }
  }
}

function redactTool(tool: Tool, redaction: Redaction): Tool {
  return {
    ...tool,
    execute: (args, context) =>
      failingSafely(async () => {
        const outcome = await tool.execute(args, redactContext(context, redaction))
        return redactOutcome(outcome, redaction)
      }, redaction),
  }
}

function redactContext(context: ToolContext, redaction: Redaction): ToolContext {
  return {
    ...context,
    progress: (content) => context.progress(redaction.text(content)),
    elicit: (request) => context.elicit(redaction.value(request)),
  }
}

/** Images hold no text, and are long. */
function redactOutcome(outcome: ToolOutcome, redaction: Redaction): ToolOutcome {
  if (outcome.type !== 'result') return redaction.value(outcome)
  const { images, ...rest } = outcome
  return { ...redaction.value(rest), ...(images === undefined ? {} : { images }) }
}

/** What is thrown, now or later, is told in its message: the same error with another one. */
function failingSafely<Result>(work: () => Result, redaction: Redaction): Result {
  try {
    const result = work()
    if (!(result instanceof Promise)) return result
    // A promise of the same thing that fails with another message.
    return result.catch((error: unknown) => {
      throw redactError(error, redaction)
    }) as Result
  } catch (error) {
    throw redactError(error, redaction)
  }
}

function redactError(error: unknown, redaction: Redaction): unknown {
  if (!(error instanceof Error)) return error
  const message = redaction.text(error.message)
  if (message !== error.message) error.message = message
  return error
}
