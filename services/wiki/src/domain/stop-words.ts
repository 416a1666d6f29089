/**
 * English words without meaning of their own, as in Lucene and PostgreSQL's `english` dictionary, including
 * the parts of contractions ("don't").
 */
export const stopWords: ReadonlySet<string> = new Set(
  `about above after again against ain all also am an and any are aren as at be because been before being
  below between both but by can cannot could couldn did didn do does doesn doing don down during each etc few
  for from further had hadn has hasn have haven having he her here hers herself him himself his how if in into
  is isn it its itself just ll may me might more most must mustn my myself no nor not now of off on once only
  or other our ours ourselves out over own re same shall shan she should shouldn so some such than that the
  their theirs them themselves then there these they this those through to too under until up upon us ve very
  was wasn we were weren what when where which while who whom why will with won would wouldn yes yet you your
  yours yourself yourselves`.split(/\s+/),
);
