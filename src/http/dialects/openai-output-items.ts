type Called = { name: string; arguments: string }

/** Items of a response's output, as they begin. */
export function messageItem(id: string) {
  return { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] }
}

export function functionItem(id: string, { id: call_id, ...called }: Called & { id: string }) {
  return { id, type: 'function_call', status: 'in_progress', call_id, ...called }
}

/** A call that the server runs; `label` is the name of its agent. */
export function serverCallItem(id: string, { label, ...called }: Called & { label: string }) {
  return {
    id,
    type: 'mcp_call',
    status: 'in_progress',
    server_label: label,
    ...called,
    output: null,
    error: null,
    approval_request_id: null,
  }
}

export function textPart(text: string) {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}
