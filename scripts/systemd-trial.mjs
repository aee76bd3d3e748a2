// `npm run test:systemd`: the package, installed and run by a real systemd (scripts/systemd/machine.mjs). What only that can
// show: READY and the status, the watchdog's kill, exit codes and restarts, credentials, and that the hardening lets V8,
// onnxruntime, sharp, GStreamer and the broker work. Needs root and systemd-container; takes about four minutes.
//   --deb FILE   a package that is there, instead of one that is made now
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lacking, Machine } from './systemd/machine.mjs';

const ROOT = new URL('..', import.meta.url).pathname;
const DOUBLE = join(ROOT, 'build/tests/double/samwire.node');
const UNIT = 'samwire.service';
const SECRET = 'correct-horse-battery';
const machine = new Machine();
const results = [];

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A property of the unit. */
const show = async (name) => (await machine.run(`systemctl show -P ${name} ${UNIT}`)).said;

function check(what, isSo, found = '') {
  results.push({ what, isSo });
  console.log(`${isSo ? 'ok    ' : 'FAILED'} ${what}${found === '' ? '' : `: ${found}`}`);
}

/** Waits for a property to match, and tells after how many seconds. */
async function becomes(name, pattern, seconds = 60) {
  const sinceMs = performance.now();
  for (;;) {
    const value = await show(name);
    const after = ((performance.now() - sinceMs) / 1000).toFixed(1);
    if (pattern.test(value)) return { is: true, value, after };
    if (after > seconds) return { is: false, value, after };
    await sleep(200);
  }
}

const config = (more = {}) =>
  JSON.stringify({
    version: 1,
    node: { id: 'n1' },
    mqtt: {
      url: 'mqtt://127.0.0.1:1883',
      username: 'robot',
      passwordFile: '/run/credentials/samwire.service/mqtt-password',
    },
    cameras: { front: { source: 'test://pattern', width: 320, height: 240, fps: 15 } },
    http: { port: 8080, tokenFile: '/run/credentials/samwire.service/http-token' },
    ...more,
  });
const writeConfig = (more) => machine.write('/etc/samwire/samwire.yaml', config(more), 0o640);

async function dropIn(name, lines) {
  const path = `/run/systemd/system/${UNIT}.d/${name}.conf`;
  if (lines === null) await machine.run(`rm -f ${path}`);
  else machine.write(path, `[Service]\n${lines}\n`);
  await machine.run('systemctl daemon-reload');
}

function makePackage() {
  const out = mkdtempSync(join(tmpdir(), 'samwire-deb-'));
  const made = spawnSync(
    'node',
    [join(ROOT, 'scripts/package-deb.mjs'), '--out', out, '--compression', 'none'],
    {
      stdio: 'inherit',
    },
  );
  if (made.status !== 0) process.exit(1);
  return {
    path: join(
      out,
      readdirSync(out).find((name) => name.endsWith('.deb')),
    ),
    out,
  };
}

async function install(deb) {
  machine.copy(deb, '/trial/samwire.deb');
  machine.write(
    '/etc/mosquitto/conf.d/trial.conf',
    'listener 1883 127.0.0.1\nallow_anonymous false\npassword_file /trial/passwords\nset_tcp_nodelay true\n',
  );
  const prepared = await machine.run(
    `set -e; mosquitto_passwd -c -b /trial/passwords robot ${SECRET}; chmod 755 /trial; chmod 644 /trial/passwords
     systemctl restart mosquitto; install -d -m 700 /etc/samwire /etc/samwire/credentials; chmod 755 /etc/samwire
     printf '%s\\n' ${SECRET} > /etc/samwire/credentials/mqtt-password; printf '%s\\n' token-${SECRET} > /etc/samwire/credentials/http-token
     chmod 600 /etc/samwire/credentials/*`,
  );
  check('mosquitto runs, with a password', prepared.code === 0, prepared.said);
  const installed = await machine.run('dpkg -i --force-depends /trial/samwire.deb');
  check('dpkg installs the package', installed.code === 0, installed.code === 0 ? '' : installed.said);
  writeConfig();
  await machine.run(
    `chown root:samwire /etc/samwire/samwire.yaml; systemctl stop ${UNIT}; systemctl reset-failed ${UNIT}`,
  );
}

async function serves() {
  const started = await machine.run(`systemctl start ${UNIT}`);
  check('systemctl start returns when it is ready', started.code === 0, `${started.ms} ms ${started.said}`);
  check('it is active', (await show('ActiveState')) === 'active', await show('StatusText'));
  const status = await becomes(
    'StatusText',
    /^online: samwire-tiny on onnx; 1 of 1 camera streaming; broker .* connected$/,
    20,
  );
  check(
    'the status tells model, cameras and broker (LoadCredential, GStreamer, MQTT)',
    status.is,
    status.value,
  );
  const prompt = await machine.run(
    `runuser -u samwire -- /usr/bin/samwire prompt --broker mqtt://127.0.0.1:1883 --node n1 --camera front --box 40,40,200,200 2>&1`,
  );
  const asked = await machine.run(
    `curl -s -m 20 -H 'Authorization: Bearer token-${SECRET}' -H 'content-type: application/json' -d '{"prompts":[{"id":"a","box":[40,40,200,200]}]}' http://127.0.0.1:8080/api/cameras/front/prompt`,
  );
  check('a prompt has its mask (V8, onnxruntime)', /"rle"/.test(asked.said), asked.said.slice(0, 120));
  check('without the password the broker lets nobody in', prompt.code !== 0, prompt.said.split('\n')[0]);
  const jpeg = await machine.run(
    `curl -s -m 20 -o /trial/front.jpg -w '%{http_code} %{size_download}' -H 'Authorization: Bearer token-${SECRET}' http://127.0.0.1:8080/api/cameras/front/frame.jpg`,
  );
  check('a frame is made a JPEG (sharp)', /^200 [1-9]/.test(jpeg.said), jpeg.said);
}

async function isHardened() {
  const pid = await show('MainPID');
  const { said } = await machine.run(
    `grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/${pid}/status | tr -s '\\t\\n' '  '; id -u samwire`,
  );
  check(
    'it is samwire’s, without capabilities, under seccomp',
    /CapBnd: 0+ .*NoNewPrivs: 1 .*Seccomp: 2/.test(said),
    said,
  );
  const inside = (command) =>
    machine.run(
      `nsenter --target ${pid} --mount setpriv --reuid samwire --regid samwire --clear-groups sh -c '${command}'`,
    );
  check(
    'it writes to its state and its cache',
    (await inside('touch /var/lib/samwire/t /var/cache/samwire/t')).code === 0,
  );
  for (const path of ['/etc/samwire', '/usr/lib/samwire', '/tmp', '/home'])
    check(`it does not write to ${path}`, (await inside(`touch ${path}/t`)).code !== 0);
  const readable = await inside('cat /etc/samwire/credentials/mqtt-password');
  check('it does not read the secrets’ own folder', readable.code !== 0, readable.said);
  const journal = await machine.run(`journalctl -u ${UNIT} --no-pager`);
  check('no secret is in the journal', !journal.said.includes(SECRET));
  check(
    'no system call was refused that a log tells of',
    !/EPERM|Operation not permitted/.test(journal.said),
  );
  const security = await machine.run(`systemd-analyze security --no-pager ${UNIT} | tail -1`);
  check('its exposure', /level for .*: [0-2]\.\d/.test(security.said), security.said.replace(/^\W+/, ''));
}

async function reloads() {
  writeConfig({ model: { threads: 0 }, nonsense: 1 });
  const refused = await machine.run(`systemctl reload ${UNIT}`);
  const said = await machine.run(`journalctl -u ${UNIT} -n 20 --no-pager -o cat`);
  check(
    'systemctl reload of a faulty config fails, with all faults in the journal',
    refused.code !== 0 && /threads/.test(said.said) && /nonsense/.test(said.said),
  );
  check('and the service goes on', (await show('ActiveState')) === 'active', await show('SubState'));
  await machine.run(`kill -HUP ${await show('MainPID')}`);
  const told = await becomes('StatusText', /the last reload was refused/, 10);
  check('SIGHUP alone says so in the status', told.is, told.value.slice(-120));
  const pid = await show('MainPID');
  writeConfig({ cameras: { gate: { source: 'test://pattern', width: 320, height: 240, fps: 5 } } });
  const reloaded = await machine.run(`systemctl reload ${UNIT}`);
  const after = await becomes('StatusText', /^online: .*1 of 1 camera streaming; broker .* connected$/, 30);
  check(
    'systemctl reload of a valid one takes it',
    reloaded.code === 0 && after.is,
    `${reloaded.ms} ms, online after ${after.after} s`,
  );
  check('in the same process', (await show('MainPID')) === pid && (await show('ActiveState')) === 'active');
  const cameras = await machine.run(
    `curl -s -H 'Authorization: Bearer token-${SECRET}' http://127.0.0.1:8080/api/cameras`,
  );
  check('with the new camera', /"gate"/.test(cameras.said) && !/"front"/.test(cameras.said));
}

async function stops() {
  const stopped = await machine.run(`systemctl stop ${UNIT}`);
  check('systemctl stop takes less than 5 s', stopped.code === 0 && stopped.ms < 5000, `${stopped.ms} ms`);
  check('with exit code 0', (await show('ExecMainStatus')) === '0' && (await show('Result')) === 'success');
  const state = await machine.run(
    `mosquitto_sub -h 127.0.0.1 -u robot -P ${SECRET} -t samwire/n1/state -C 1 -W 5`,
  );
  check('and `stopped` is told', /"state":"stopped"/.test(state.said), state.said);
}

async function restarts() {
  writeConfig({ model: { name: 'nowhere' } });
  await machine.run(`systemctl start ${UNIT}`);
  await sleep(8000);
  check(
    'exit 78 is left so',
    (await show('ExecMainStatus')) === '78' &&
      (await show('ActiveState')) === 'failed' &&
      (await show('NRestarts')) === '0',
    `${await show('ExecMainStatus')}, ${await show('NRestarts')} restarts`,
  );
  writeConfig();
  await machine.run(`systemctl reset-failed ${UNIT}; systemctl start ${UNIT}`);
  await machine.run(`kill -KILL ${await show('MainPID')}`);
  const again = await becomes('NRestarts', /^1$/, 20);
  const up = await becomes('ActiveState', /^active$/, 30);
  check(
    'one that was killed is started again',
    again.is && up.is,
    `after ${again.after} s, ready after ${up.after} s more`,
  );
}

async function isWatched() {
  await dropIn('watchdog', 'WatchdogSec=4');
  await machine.run(`systemctl restart ${UNIT}`);
  await sleep(10_000);
  check(
    'it feeds a watchdog of 4 s',
    (await show('NRestarts')) === '0' && (await show('ActiveState')) === 'active',
  );
  await machine.run(`kill -STOP ${await show('MainPID')}`);
  const killed = await becomes('NRestarts', /^1$/, 40);
  const log = await machine.run(`journalctl -u ${UNIT} -n 60 --no-pager -o cat`);
  check(
    'a main thread that stands still is ended and started anew',
    killed.is && /Watchdog timeout/.test(log.said),
    `after ${killed.after} s`,
  );
  await becomes('ActiveState', /^active$/, 30);
}

/** From then on the inference thread takes no message more: it neither answers nor dies. */
const DEAF = `import { isMainThread, parentPort } from 'node:worker_threads';
import { existsSync } from 'node:fs';
if (!isMainThread && parentPort) {
  const on = parentPort.on.bind(parentPort);
  parentPort.on = (event, listener) => on(event, event === 'message' ? (message) => existsSync('/run/deaf') || listener(message) : listener);
}
`;

async function hangs() {
  machine.write('/trial/deaf.mjs', DEAF);
  await dropIn('hang', 'Environment=NODE_OPTIONS=--import=/trial/deaf.mjs');
  await machine.run(`systemctl restart ${UNIT}`);
  const restarts = Number(await show('NRestarts'));
  machine.write('/run/deaf', '');
  await machine.run(
    `mosquitto_pub -h 127.0.0.1 -u robot -P ${SECRET} -t samwire/n1/front/prompt -m '{"prompts":[{"id":"a","box":[40,40,200,200]}]}'`,
  );
  const said = await becomes('StatusText', /A run of the model has not ended for/, 90);
  check(
    'an inference thread that neither answers nor dies is told',
    said.is,
    `after ${said.after} s: ${said.value.slice(-60)}`,
  );
  const killed = await becomes('NRestarts', new RegExp(`^${restarts + 1}$`), 30);
  check('and the watchdog has it started anew', killed.is, `${killed.after} s later`);
  await machine.run('rm -f /run/deaf');
  await dropIn('hang', null);
  await dropIn('watchdog', null);
}

/** With an addon on the doubles of CUDA and TensorRT, if one is built. */
async function outlastsItsStart() {
  if (!existsSync(DOUBLE)) {
    console.log(
      `skipped: engines that outlast a start (${DOUBLE} is not built; run: node scripts/test.mjs native)`,
    );
    return;
  }
  await machine.run(
    `systemctl stop ${UNIT}; cp /usr/lib/samwire/build/Release/samwire.node /trial/real.node`,
  );
  machine.copy(DOUBLE, '/usr/lib/samwire/build/Release/samwire.node');
  await dropIn('slow', 'TimeoutStartSec=8\nEnvironment=SAMWIRE_DOUBLE_BUILD_MS=12000');
  writeConfig({ model: { name: 'samwire-tiny', backend: 'tensorrt', maxPrompts: 8 } });
  await machine.run(`systemctl start --no-block ${UNIT}`);
  const building = await becomes('StatusText', /^building TensorRT engines of samwire-tiny, \d+ %/, 20);
  check('the status tells how far the building is', building.is, building.value.slice(0, 80));
  const ready = await becomes('ActiveState', /^(active|failed)$/, 150);
  check(
    'engines that take longer than TimeoutStartSec=8 are waited for',
    ready.value === 'active',
    `ready after ${ready.after} s; ${(await show('StatusText')).slice(0, 60)}`,
  );
  const cache = await machine.run('find /var/cache/samwire -name "*.plan" | wc -l');
  check('and lie in the CacheDirectory', Number(cache.said) >= 2, cache.said);
  const stopped = await machine.run(
    `rm -rf /var/cache/samwire/*; systemctl restart --no-block ${UNIT}; sleep 8; systemctl stop ${UNIT}`,
  );
  check('it stops while it builds', stopped.ms - 8000 < 5000, `${stopped.ms - 8000} ms`);
  const left = await machine.run('pgrep -u samwire -a');
  check('and leaves no process behind', left.code !== 0, left.said);
  await dropIn('slow', null);
  await machine.run('cp /trial/real.node /usr/lib/samwire/build/Release/samwire.node');
}

const { values } = parseArgs({ options: { deb: { type: 'string' } } });
const missing = lacking();
if (missing !== undefined) {
  console.error(`No trial under systemd: ${missing}`);
  process.exit(77);
}
const made = values.deb === undefined ? makePackage() : { path: values.deb };
try {
  await machine.boot();
  console.log((await machine.run('systemctl --version | head -1; uname -r')).said.replace('\n', ', Linux '));
  await install(made.path);
  for (const trial of [serves, isHardened, reloads, stops, restarts, isWatched, hangs, outlastsItsStart])
    await trial();
} catch (error) {
  check('the trial comes to its end', false, error.stack);
} finally {
  const failed = results.filter(({ isSo }) => !isSo);
  if (failed.length > 0)
    console.log((await machine.run(`journalctl -u ${UNIT} -n 80 --no-pager -o cat`)).said);
  await machine.close();
  if (made.out !== undefined) rmSync(made.out, { recursive: true });
  console.log(`${results.length - failed.length} ok, ${failed.length} failed`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}
