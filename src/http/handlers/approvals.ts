import type { ResumeRequest } from '#contract/approval.ts'
import type { Approval } from '#contract/session.ts'
import type { Decision, Runs } from '#runtime/runtime.ts'
import type { Page, PageRequest, Scope } from '#store/scope.ts'
import type { Handlers } from '../env.ts'
import { toPageRequest } from '../page-request.ts'

/** The approvals of the store. */
export type ApprovalRows = {
  list(scope: Scope, page: PageRequest, filter: ApprovalFilter): Promise<Page<Approval>>
}

export type ApprovalFilter = { status?: Approval['status']; session?: string }

type ApprovalHandlers = Pick<
  Handlers,
  'resumeSession' | 'answerElicitation' | 'submitToolResult' | 'listApprovals' | 'decideApproval'
>

export function approvalHandlers({
  approvals,
  runs,
}: {
  approvals: ApprovalRows
  runs: Pick<Runs, 'resume' | 'answerElicitation' | 'submitToolResult' | 'decide'>
}): ApprovalHandlers {
  return {
    async resumeSession(c) {
      const { session } = c.req.valid('param')
      const { confirmation, tool_name, tool_call_id, budget, ...rest } = c.req.valid('json')
      const run = await runs.resume(c.get('scope'), {
        session,
        ...(tool_name !== undefined && { toolName: tool_name }),
        ...(tool_call_id !== undefined && { toolCallId: tool_call_id }),
        ...(budget !== undefined && { budget }),
        decision: toDecision({ ...confirmations[confirmation], ...rest }),
      })
      return c.json(run, 200)
    },
    async answerElicitation(c) {
      const { session } = c.req.valid('param')
      const { action, content, elicitation_id } = c.req.valid('json')
      const run = await runs.answerElicitation(c.get('scope'), {
        session,
        action,
        content: content ?? null,
        ...(elicitation_id !== undefined && { elicitationId: elicitation_id }),
      })
      return c.json(run, 200)
    },
    async submitToolResult(c) {
      const { session } = c.req.valid('param')
      const { tool_call_id, output, is_error } = c.req.valid('json')
      const run = await runs.submitToolResult(c.get('scope'), {
        session,
        toolCallId: tool_call_id,
        output,
        isError: is_error ?? false,
      })
      return c.json(run, 200)
    },
    async listApprovals(c) {
      const { status, session, ...query } = c.req.valid('query')
      const page = await approvals.list(c.get('scope'), toPageRequest(query), {
        ...(status !== undefined && { status }),
        ...(session !== undefined && { session }),
      })
      return c.json(page, 200)
    },
    async decideApproval(c) {
      const { approval } = c.req.valid('param')
      const { decision, scope = 'call', ...rest } = c.req.valid('json')
      const decided = toDecision({ decision, scope, ...rest })
      return c.json(await runs.decide(c.get('scope'), approval, decided), 200)
    },
  }
}

const confirmations = {
  approve: { decision: 'approve', scope: 'call' },
  'approve-tool': { decision: 'approve', scope: 'tool' },
  'approve-session': { decision: 'approve', scope: 'session' },
  reject: { decision: 'reject', scope: 'call' },
} as const satisfies Record<ResumeRequest['confirmation'], Pick<Decision, 'decision' | 'scope'>>

function toDecision({
  decision,
  scope,
  reason,
  arguments: replacement,
}: Pick<Decision, 'decision' | 'scope'> & {
  reason?: string | undefined
  arguments?: Record<string, unknown> | string | undefined
}): Decision {
  const text = typeof replacement === 'object' ? JSON.stringify(replacement) : replacement
  return {
    decision,
    scope,
    ...(reason !== undefined && { reason }),
    ...(text !== undefined && { arguments: text }),
  }
}
