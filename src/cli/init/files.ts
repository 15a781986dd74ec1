/** Texts of files by their path, with `/`. */
export type FileTexts = Readonly<Record<string, string>>
