import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nginxMainFile, spawnLogged, started } from '../../deploy/proxies.ts';
import { requireTool } from '../../support/tools.ts';
import type { AppProxy } from '../app-proxies.ts';

/** nginx that only ends TLS: for apps that sign people in themselves. */
export const TLS_FRONT: AppProxy = {
  name: 'nginx',
  async start(front) {
    const { folder, port, authority, apps } = front;
    const servers = apps.map(
      ({ host, address }) => `server {
        listen 127.0.0.1:${port} ssl;
        server_name ${host};
        ssl_certificate ${authority.certificate};
        ssl_certificate_key ${authority.key};
        location / {
          proxy_pass http://${address};
          proxy_set_header Host ${host};
          proxy_set_header X-Forwarded-Host ${host};
          proxy_set_header X-Forwarded-Proto https;
          proxy_set_header X-Forwarded-For $remote_addr;
          proxy_buffer_size 32k;
          proxy_buffers 8 32k;
        }
      }`,
    );
    writeFileSync(join(folder, 'apps.conf'), servers.join('\n'));
    const options = ['-p', folder, '-c', nginxMainFile(front, ['apps.conf']), '-g', 'daemon off;'];
    return started(spawnLogged(requireTool('nginx'), options, folder), port);
  },
};
