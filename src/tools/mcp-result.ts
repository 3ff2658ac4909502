import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/sdk/types.js'
import type { ToolImage } from '#contract/tool.ts'
import type { ToolOutcome } from '#runtime/tool.ts'
import { toStorableText, toStorableValue } from './storable.ts'

/** Characters of images and structured content in one result. */
const largest = 5 * 1024 * 1024

/** What a server answered, as the runtime keeps it: text, images, structured content. */
export function toOutcome(result: CallToolResult): ToolOutcome {
  const room = { left: largest }
  const images: ToolImage[] = []
  const texts = result.content.map((block) => describe(block, images, room))
  const { structuredContent } = result
  const structured = structuredContent && fitting(toStorableValue(structuredContent), room)
  // Servers are to repeat structured content as text, but not all do.
  if (texts.length === 0 && structuredContent) texts.push(JSON.stringify(structuredContent))
  const output = texts.filter((text) => text !== '').join('\n')
  return {
    type: 'result',
    output: toStorableText(output || '(no output)'),
    is_error: result.isError ?? false,
    ...(structured === undefined ? {} : { structured }),
    ...(images.length > 0 ? { images } : {}),
  }
}

type Room = { left: number }

function describe(block: ContentBlock, images: ToolImage[], room: Room): string {
  switch (block.type) {
    case 'text':
      return block.text
    case 'image':
      return addImage(block.data, block.mimeType, images, room)
    case 'audio':
      return `[audio, ${block.mimeType}, is not shown]`
    case 'resource_link': {
      const about = block.description ? `: ${block.description}` : ''
      return `[resource ${block.name} at ${block.uri}${about}]`
    }
    case 'resource': {
      const { resource } = block
      if ('text' in resource) return `[resource ${resource.uri}]\n${resource.text}`
      const type = resource.mimeType ?? 'unknown type'
      if (type.startsWith('image/')) return addImage(resource.blob, type, images, room)
      return `[resource ${resource.uri}, ${type}, is not shown]`
    }
  }
}

function addImage(data: string, type: string, images: ToolImage[], room: Room): string {
  const isImage = /^image\/[\w.+-]+$/.test(type) && /^[A-Za-z0-9+/=_-]*$/.test(data)
  if (!isImage) return '[an image that cannot be read]'
  if (data.length > room.left) return `[image, ${type}, is too large to be shown]`
  room.left -= data.length
  images.push({ data, mime_type: type })
  return `[image, ${type}]`
}

function fitting(value: unknown, room: Room): unknown {
  return JSON.stringify(value).length > room.left ? undefined : value
}
