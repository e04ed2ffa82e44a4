// The load test for k6 (https://k6.io), which has it in no other way than make load:
//
//   SERVICE=https://api.example.org API_KEY=... WALLETS=./wallets.csv RATE=200 k6 run bench/load.k6.js
//
// WALLETS has a line a wallet, scorer_id,address; a path that is relative is so to this file. RATE is requests
// a second at the height of the test; LOAD another file of stages and thresholds than load.json. k6 takes the
// time of an answer from when it sends, and sends when it is planned to unless it has no VU left: it drops that
// request then, which is a threshold missed.
import exec from 'k6/execution';
import http from 'k6/http';

const load = JSON.parse(open(__ENV.LOAD || './load.json'));
const rate = Number(__ENV.RATE || load.rate);
const wallets = open(__ENV.WALLETS)
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => line.split(/[\s,]+/));

const thresholds = { dropped_iterations: ['count==0'] };
for (const { name } of load.stages) {
  thresholds[`http_req_duration{stage:${name}}`] = [
    `p(95)<${load.thresholds.p95_ms}`,
    `p(99)<${load.thresholds.p99_ms}`,
  ];
  thresholds[`http_req_failed{stage:${name}}`] = [`rate<=${load.thresholds.error_rate}`];
}

export const options = {
  scenarios: {
    scores: {
      executor: 'ramping-arrival-rate',
      timeUnit: '1s',
      startRate: Math.round(rate * load.start),
      stages: load.stages.map(({ seconds, share }) => ({
        duration: `${seconds}s`,
        target: Math.round(rate * share),
      })),
      // As many as are asked in a second: enough for answers that take one.
      preAllocatedVUs: rate,
      maxVUs: rate * 2,
    },
  },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
  thresholds,
};

// Anything but a score is an error, whatever its status.
http.setResponseCallback(http.expectedStatuses(200));

function stage() {
  let left = (Date.now() - exec.scenario.startTime) / 1000;
  for (const { name, seconds } of load.stages) {
    left -= seconds;
    if (left < 0) return name;
  }
  return load.stages[load.stages.length - 1].name;
}

export default function () {
  const [scorer, address] = wallets[exec.scenario.iterationInTest % wallets.length];
  http.get(`${__ENV.SERVICE.replace(/\/+$/, '')}/v2/stamps/${scorer}/score/${address}`, {
    headers: { 'X-API-Key': __ENV.API_KEY },
    tags: { stage: stage(), name: 'score' },
    timeout: '10s',
  });
}
