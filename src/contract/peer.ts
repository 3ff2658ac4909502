import { z } from '@hono/zod-openapi'

export const Peer = z
  .object({
    name: z.string().openapi({ description: 'As the peers file names it', example: 'eu-1' }),
    ip: z
      .string()
      .nullable()
      .openapi({ description: 'Its address, with a port or without', example: '192.168.1.100' }),
    groups: z.array(z.string()).openapi({ description: 'What it belongs to', example: ['eu'] }),
    self: z.boolean().openapi({ description: 'Whether it is the server that answers' }),
    live: z.boolean().openapi({ description: 'Whether it took a connection just now' }),
  })
  .openapi('Peer', { description: 'A server of the network that this one belongs to' })
export type Peer = z.infer<typeof Peer>
