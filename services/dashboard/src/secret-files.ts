import { SettingFile, type SettingFileOptions } from '@arcadium/mesh/config';
import type { Startable } from '@arcadium/mesh/server';
import type { Logger } from '@arcadium/mesh/telemetry';
import { settings, type Config } from './config.ts';

/** The secrets of this service that are in force; read when they are used. */
export type Secrets = Pick<Config, 'OTLP_TOKEN' | 'ALERT_WEBHOOK_URL' | 'SMTP_URL'>;

/** Follows the files of this service's secrets. One that was not set when the process started needs a restart. */
export function followSecretFiles(config: Config, log: Logger): { secrets: Secrets; files: Startable[] } {
  const { OTLP_TOKEN, ALERT_WEBHOOK_URL, SMTP_URL } = config;
  const secrets = { OTLP_TOKEN, ALERT_WEBHOOK_URL, SMTP_URL };
  const follow = <Value>(
    setting: keyof Secrets,
    options: Pick<SettingFileOptions<Value>, 'schema' | 'value' | 'use'>,
  ) => {
    const file = config[setting] === undefined ? undefined : config[`${setting}_FILE`];
    return new SettingFile({ setting, file, log, ...options });
  };
  const files = [
    follow('OTLP_TOKEN', {
      schema: settings.OTLP_TOKEN,
      value: OTLP_TOKEN,
      use: (tokens) => void (secrets.OTLP_TOKEN = tokens),
    }),
    follow('ALERT_WEBHOOK_URL', {
      schema: settings.ALERT_WEBHOOK_URL,
      value: ALERT_WEBHOOK_URL,
      use: (url) => void (secrets.ALERT_WEBHOOK_URL = url),
    }),
    follow('SMTP_URL', {
      schema: settings.SMTP_URL,
      value: SMTP_URL,
      use: (url) => void (secrets.SMTP_URL = url),
    }),
  ];
  return { secrets, files };
}
