import type { ToolAnnotations, ToolDefinition, ToolEffect } from '#contract/tool.ts'
import type { ServerTool } from './mcp-connection.ts'

/** What the model and the permissions get to see of a server's tool. */
export function toDefinition(tool: ServerTool, prefix: string | undefined): ToolDefinition {
  const { $schema: _, ...parameters } = tool.inputSchema
  return {
    name: toModelName(tool.name, prefix),
    description: tool.description ?? tool.title ?? tool.annotations?.title ?? '',
    parameters,
    ...(tool.outputSchema ? { output_schema: tool.outputSchema } : {}),
    annotations: toAnnotations(tool),
    effect: toEffect(tool.annotations),
  }
}

/** Models know names of up to 64 letters, digits, _ and -. */
function toModelName(name: string, prefix: string | undefined): string {
  const whole = prefix === undefined ? name : `${prefix}_${name}`
  return whole.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64)
}

function toAnnotations({
  annotations = {},
  title = annotations.title,
}: ServerTool): ToolAnnotations {
  const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations
  return {
    ...(title === undefined ? {} : { title }),
    ...(readOnlyHint === undefined ? {} : { read_only: readOnlyHint }),
    ...(destructiveHint === undefined ? {} : { destructive: destructiveHint }),
    ...(idempotentHint === undefined ? {} : { idempotent: idempotentHint }),
    ...(openWorldHint === undefined ? {} : { open_world: openWorldHint }),
  }
}

function toEffect(annotations: ServerTool['annotations']): ToolEffect {
  if (annotations?.readOnlyHint) return 'read'
  return annotations?.idempotentHint ? 'idempotent' : 'once'
}
