import type { Check } from './check.ts';
import { Needs } from './needs.ts';
import { isThisMachine } from './ports.ts';
import { answersOf, anyRuns, ask, runningOf, type Answer } from './running.ts';

export const services: readonly Check[] = [
  {
    id: 'services.none-running',
    severity: 'hint',
    title: 'The mesh runs',
    remedy: 'Start it with `npm run dev`; what a running mesh shows is then checked too.',
    look: async (context) => ((await anyRuns(context)) ? undefined : 'No service answers'),
  },
  {
    id: 'services.down',
    severity: 'error',
    title: 'Every endpoint answers',
    remedy:
      'Look at the log of the service; `npm run dev` starts it again when its source or settings change.',
    subjects: (context) => context.services,
    look: async (context, service) => {
      const answers = await answersOf(context, service);
      if (!(await anyRuns(context))) throw new Needs('services.none-running');
      return answers.flatMap((answer) => {
        if (answer.kind === 'service') return [];
        if (answer.kind === 'none') return [`${answer.url} does not answer: ${answer.reason}`];
        if (isThisMachine(new URL(answer.url).hostname)) throw new Needs('ports.taken');
        return [`${answer.url} is not a service: ${answer.what}`];
      });
    },
  },
  {
    id: 'services.unhealthy',
    severity: 'error',
    title: 'Services are healthy',
    remedy: 'Its database is gone, or it starts or stops; its log says which.',
    subjects: (context) => context.services,
    look: async (context, service) =>
      (await runningOf(context, service)).flatMap(({ url, report }) =>
        report.status === 'unhealthy' ? [`${url} is unhealthy; its database is ${report.database}`] : [],
      ),
  },
  {
    id: 'services.degraded',
    severity: 'warning',
    title: 'Services have all that they need',
    remedy: 'Repair the dependency; the service serves meanwhile what it can.',
    subjects: (context) => context.services,
    look: async (context, service) =>
      (await runningOf(context, service)).flatMap(({ url, report }) => {
        const bad = Object.entries(report.dependencies).filter(([, status]) => status !== 'healthy');
        return report.status === 'degraded'
          ? [`${url} is degraded: ${bad.map(([name, status]) => `${name} is ${status}`).join(', ')}`]
          : [];
      }),
  },
  {
    id: 'services.slow',
    severity: 'warning',
    title: 'Services answer soon',
    remedy: 'Look at its load, and the `event_loop_delay_ms` of /api/mesh.',
    subjects: (context) => context.services,
    look: async (context, service) => {
      const found = await Promise.all(
        (await runningOf(context, service)).map(async (first) => {
          // With the default patience a second, as for a probe of another service.
          const isLate = (answer: Answer) =>
            answer.kind === 'service' && answer.tookMs > context.patienceMs / 2;
          if (!isLate(first)) return [];
          // The first answer came while all checks began.
          const second = await ask(context, first.url);
          return second.kind === 'service' && isLate(second)
            ? [`${first.url}/health took ${Math.round(second.tookMs)} ms`]
            : [];
        }),
      );
      return found.flat();
    },
  },
];
