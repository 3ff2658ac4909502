/**
 * The MCP client library, loaded when the first server is reached: importing it costs a third of a
 * second and 30 MB that agents without MCP should not pay.
 */
export async function loadMcpSdk() {
  const [{ Client }, streamable, sse, types] = await Promise.all([
    import('@modelcontextprotocol/sdk/client/index.js'),
    import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
    import('@modelcontextprotocol/sdk/client/sse.js'),
    import('@modelcontextprotocol/sdk/types.js'),
  ])
  return {
    Client,
    StreamableHTTPClientTransport: streamable.StreamableHTTPClientTransport,
    StreamableHTTPError: streamable.StreamableHTTPError,
    SSEClientTransport: sse.SSEClientTransport,
    SseError: sse.SseError,
    types,
  }
}

export type McpSdk = Awaited<ReturnType<typeof loadMcpSdk>>
