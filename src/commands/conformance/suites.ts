import type { Suite } from './suite.ts'

/** Clients as others publish them, then the documented requests of other servers' clients. */
export const suites: readonly Suite[] = [
  {
    name: 'openai',
    takes: 'openai',
    load: async () => (await import('./openai.ts')).openAiChecks,
  },
  {
    name: 'ag-ui',
    takes: '@ag-ui/client',
    load: async () => (await import('./ag-ui.ts')).agUiChecks,
  },
  { name: 'ai-sdk', takes: 'ai', load: async () => (await import('./ai-sdk.ts')).aiSdkChecks },
  { name: 'a2a', takes: '@a2a-js/sdk', load: async () => (await import('./a2a.ts')).a2aChecks },
  {
    name: 'mcp',
    takes: '@modelcontextprotocol/sdk',
    load: async () => (await import('./mcp.ts')).mcpChecks,
  },
  {
    name: 'mcp-conformance',
    takes: '@modelcontextprotocol/conformance',
    load: async () => (await import('./mcp-conformance.ts')).mcpConformanceChecks,
  },
  { name: 'cagent', load: async () => (await import('./cagent.ts')).cagentChecks },
  { name: 'appam', load: async () => (await import('./appam.ts')).appamChecks },
  { name: 'pawan', load: async () => (await import('./pawan.ts')).pawanChecks },
  { name: 'ra', load: async () => (await import('./ra.ts')).raChecks },
  { name: 'kawai', load: async () => (await import('./kawai.ts')).kawaiChecks },
]
