/**
 * The fields of the ROS 2 messages, as their .msg files define them: vision_msgs 4.1.1, and geometry_msgs, std_msgs and
 * builtin_interfaces, which have not changed since Foxy.
 */
const DEFINITIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'vision_msgs/Detection2DArray': { header: 'std_msgs/Header', detections: 'vision_msgs/Detection2D[]' },
  'vision_msgs/Detection2D': {
    header: 'std_msgs/Header',
    results: 'vision_msgs/ObjectHypothesisWithPose[]',
    bbox: 'vision_msgs/BoundingBox2D',
    id: 'string',
  },
  'vision_msgs/ObjectHypothesisWithPose': {
    hypothesis: 'vision_msgs/ObjectHypothesis',
    pose: 'geometry_msgs/PoseWithCovariance',
  },
  'vision_msgs/ObjectHypothesis': { class_id: 'string', score: 'float64' },
  'vision_msgs/BoundingBox2D': { center: 'vision_msgs/Pose2D', size_x: 'float64', size_y: 'float64' },
  'vision_msgs/Pose2D': { position: 'vision_msgs/Point2D', theta: 'float64' },
  'vision_msgs/Point2D': { x: 'float64', y: 'float64' },
  'geometry_msgs/PoseWithCovariance': { pose: 'geometry_msgs/Pose', covariance: 'float64[36]' },
  'geometry_msgs/Pose': { position: 'geometry_msgs/Point', orientation: 'geometry_msgs/Quaternion' },
  'geometry_msgs/Point': { x: 'float64', y: 'float64', z: 'float64' },
  'geometry_msgs/Quaternion': { x: 'float64', y: 'float64', z: 'float64', w: 'float64' },
  'std_msgs/Header': { stamp: 'builtin_interfaces/Time', frame_id: 'string' },
  'builtin_interfaces/Time': { sec: 'int32', nanosec: 'uint32' },
};

const PRIMITIVES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  float64: (value) => Number.isFinite(value),
  int32: (value) => Number.isInteger(value) && (value as number) >= -(2 ** 31) && (value as number) < 2 ** 31,
  uint32: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32,
};

/** What of the value is not of the type: a field that is missing, one too many, a value of another type. */
export function* faultsOf(value: unknown, type: string, path: string): Generator<string> {
  const array = /^(.*)\[(\d*)\]$/.exec(type);
  if (array) {
    if (!Array.isArray(value)) return yield `${path} is no array`;
    if (array[2] && value.length !== Number(array[2])) yield `${path} has ${value.length} elements`;
    for (const [i, item] of value.entries()) yield* faultsOf(item, array[1] ?? '', `${path}[${i}]`);
    return;
  }
  const isPrimitive = PRIMITIVES[type];
  if (isPrimitive) {
    if (!isPrimitive(value)) yield `${path} is no ${type}: ${JSON.stringify(value)}`;
    return;
  }
  const fields = DEFINITIONS[type];
  if (!fields) throw new Error(`no definition of ${type}`);
  const object = value as Record<string, unknown>;
  for (const name of Object.keys(object)) if (!(name in fields)) yield `${path}.${name} is not in ${type}`;
  for (const [name, fieldType] of Object.entries(fields)) {
    if (name in object) yield* faultsOf(object[name], fieldType, `${path}.${name}`);
    else yield `${path}.${name} is missing`;
  }
}
