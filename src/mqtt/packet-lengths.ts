import { createRequire } from 'node:module';

/** What of mqtt-packet is used here: writes a packet to a stream, piece by piece. */
interface PacketWriter {
  writeToStream(packet: object, stream: { write(piece: Uint8Array | string): boolean }): boolean;
}

/** mqtt-packet keeps the encoded form of every length below this. */
const KEPT_LENGTHS = 16_384;
const TOPIC = 't';
/** A publication at QoS 0 has its topic, that topic's length in two bytes, and the payload. */
const BESIDE_PAYLOAD = 2 + TOPIC.length;

let done = false;

/**
 * Has mqtt-packet encode all lengths of packets that it keeps, at once: 128 kB. It keeps each when a packet first has that
 * length, as a few bytes of the 8 kB slab that Node has just then, and so the whole slab with what else was in it: a node whose
 * answers have many lengths grew by 25 MB an hour, and could have grown by 134 MB. Takes tens of milliseconds, the first time only.
 */
export function keepPacketLengths(): void {
  if (done) return;
  done = true;
  const payload = new Uint8Array(KEPT_LENGTHS);
  const { writeToStream } = packetWriter();
  for (let bytes = BESIDE_PAYLOAD; bytes < KEPT_LENGTHS; bytes++)
    writeToStream(
      {
        cmd: 'publish',
        topic: TOPIC,
        payload: Buffer.from(payload.buffer, 0, bytes - BESIDE_PAYLOAD),
        qos: 0,
        dup: false,
        retain: false,
      },
      { write: () => true },
    );
}

/** The very copy that mqtt uses: another one has another cache. */
export function packetWriter(): PacketWriter {
  const mqtt = createRequire(import.meta.url).resolve('mqtt');
  return createRequire(mqtt)('mqtt-packet') as PacketWriter;
}
