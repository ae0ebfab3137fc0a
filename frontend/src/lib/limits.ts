// The limits of the services; a test compares them with their OpenAPI documents.

export const TITLE_MAX = 255;
export const SEARCH_MAX = 255;
export const NOTES_MAX = 10_000;
export const PASSWORD_MIN = 8;
export const PASSWORD_MAX = 128;
export const EMAIL_MAX = 254;
/** Longer names are accepted by auth-service, but truncated in access tokens and e-mails. */
export const NAME_MAX = 256;
