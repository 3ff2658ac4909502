/** A text that is not saved yet, and the version that it was made from; kept for this tab. */
export type TextDraft = { readonly text: string; readonly etag: string }

export function readTextDraft(agent: string): TextDraft | undefined {
  const stored = window.sessionStorage.getItem(nameOf(agent))
  const [etag, ...text] = stored?.split('\n') ?? []
  return etag === undefined ? undefined : { etag, text: text.join('\n') }
}

export function keepTextDraft(agent: string, draft: TextDraft | undefined): void {
  if (draft) window.sessionStorage.setItem(nameOf(agent), `${draft.etag}\n${draft.text}`)
  else window.sessionStorage.removeItem(nameOf(agent))
}

function nameOf(agent: string): string {
  return `parley.agent.${agent}`
}
