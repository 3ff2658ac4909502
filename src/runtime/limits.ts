/** Model calls of a run when neither the caller, the session nor the agent says. */
export const defaultIterations = 50
/** What a resume at the limit allows. */
export const moreIterations = 10
