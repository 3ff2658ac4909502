import { type CodeSupport, openCodeRunner } from '#tools/code/code-runner.ts'
import type { Config } from '../../config.ts'
import type { Check, Finding } from './check.ts'

/** Whether tools in Python and JavaScript can be isolated here. */
export function checkCode({ enableCode }: Pick<Config, 'enableCode'>): Check {
  return {
    name: 'sandbox',
    async look() {
      const runner = await openCodeRunner({ isEnabled: true, size: 1 })
      try {
        const { python, javascript } = runner.support
        return [python, javascript].map((support) => toFinding(support, enableCode))
      } finally {
        await runner.close()
      }
    },
  }
}

function toFinding(support: CodeSupport, isWanted: boolean): Omit<Finding, 'name'> {
  if (!support.isAvailable) {
    return { status: isWanted ? 'failed' : 'warning', detail: support.why }
  }
  const note = isWanted ? '' : ', once --enable-code turns it on'
  return { status: 'ok', detail: `${support.engine} can run tools${note}` }
}
