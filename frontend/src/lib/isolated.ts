/** Marks text whose direction may differ from that of the sentence around it. */
export const isolated = (text: string): string => `\u2068${text}\u2069`;
