/**
 * The messages of an ONNX file that Samwire reads and writes, with the field numbers of the ONNX specification
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, syntax proto2: a field that is absent stays absent).
 *
 * The numeric payloads of a tensor (`float_data` and its kin) are declared as the bytes that a packed field is on
 * the wire, so that weights stay views of the file and are never turned into JavaScript numbers. Fields that are
 * not listed here, and packed fields written unpacked, are kept as raw bytes and written back by `writeModel`.
 */
export const ONNX_SCHEMA = `
syntax = "proto2";
package onnx;

message ModelProto {
  optional int64 ir_version = 1;
  optional string producer_name = 2;
  optional string producer_version = 3;
  optional string domain = 4;
  optional int64 model_version = 5;
  optional string doc_string = 6;
  optional GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
  repeated FunctionProto functions = 25;
}
message OperatorSetIdProto {
  optional string domain = 1;
  optional int64 version = 2;
}
message StringStringEntryProto {
  optional string key = 1;
  optional string value = 2;
}
message FunctionProto {
  optional string name = 1;
  repeated string input = 4;
  repeated string output = 5;
  repeated NodeProto node = 7;
  optional string domain = 10;
}
message GraphProto {
  repeated NodeProto node = 1;
  optional string name = 2;
  repeated TensorProto initializer = 5;
  optional string doc_string = 10;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
  repeated ValueInfoProto value_info = 13;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  optional string name = 3;
  optional string op_type = 4;
  repeated AttributeProto attribute = 5;
  optional string doc_string = 6;
  optional string domain = 7;
}
message AttributeProto {
  optional string name = 1;
  optional float f = 2;
  optional int64 i = 3;
  optional bytes s = 4;
  optional TensorProto t = 5;
  optional GraphProto g = 6;
  repeated float floats = 7;
  repeated int64 ints = 8;
  repeated bytes strings = 9;
  repeated TensorProto tensors = 10;
  repeated GraphProto graphs = 11;
  optional int32 type = 20;
}
message TensorProto {
  repeated int64 dims = 1;
  optional int32 data_type = 2;
  repeated bytes float_data = 4;
  repeated bytes int32_data = 5;
  repeated bytes string_data = 6;
  repeated bytes int64_data = 7;
  optional string name = 8;
  optional bytes raw_data = 9;
  repeated bytes double_data = 10;
  repeated bytes uint64_data = 11;
  repeated StringStringEntryProto external_data = 13;
  optional int32 data_location = 14;
}
message ValueInfoProto {
  optional string name = 1;
  optional TypeProto type = 2;
}
message TypeProto {
  message Tensor {
    optional int32 elem_type = 1;
    optional TensorShapeProto shape = 2;
  }
  optional Tensor tensor_type = 1;
}
message TensorShapeProto {
  message Dimension {
    oneof value {
      int64 dim_value = 1;
      string dim_param = 2;
    }
  }
  repeated Dimension dim = 1;
}
`;

/** A 64-bit integer as it comes from a file (protobufjs' Long); a number is accepted when writing. */
export interface Int64 {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
  toNumber(): number;
}

export interface ModelProto {
  irVersion?: Int64 | number;
  producerName?: string;
  producerVersion?: string;
  opsetImport?: { domain?: string; version?: Int64 | number }[];
  metadataProps?: { key?: string; value?: string }[];
  functions?: { name?: string; domain?: string; node?: NodeProto[] }[];
  graph?: GraphProto | null;
}

export interface GraphProto {
  node?: NodeProto[];
  name?: string;
  initializer?: TensorProto[];
  input?: ValueInfoProto[];
  output?: ValueInfoProto[];
  valueInfo?: ValueInfoProto[];
}

export interface NodeProto {
  input?: string[];
  output?: string[];
  name?: string;
  opType?: string;
  domain?: string;
  attribute?: AttributeProto[];
}

/** `type` says which one is set: 1 f, 2 i, 3 s, 4 t, 5 g, 6 floats, 7 ints, 8 strings, 9 tensors, 10 graphs. */
export interface AttributeProto {
  name?: string;
  type?: number;
  f?: number;
  i?: Int64 | number;
  s?: Uint8Array;
  t?: TensorProto | null;
  g?: GraphProto | null;
  floats?: number[];
  ints?: (Int64 | number)[];
  strings?: Uint8Array[];
  tensors?: TensorProto[];
  graphs?: GraphProto[];
}

export interface TensorProto {
  dims?: (Int64 | number)[];
  dataType?: number;
  name?: string;
  /** Little-endian, row-major. A view of the file that the model was read from. */
  rawData?: Uint8Array;
  floatData?: Uint8Array[];
  int32Data?: Uint8Array[];
  int64Data?: Uint8Array[];
  doubleData?: Uint8Array[];
  uint64Data?: Uint8Array[];
  stringData?: Uint8Array[];
  /** `location` (a path beside the file), `offset`, `length`: where the values are, with `dataLocation` 1. */
  externalData?: { key?: string; value?: string }[];
  /** 1: the values are in another file. */
  dataLocation?: number;
}

export interface ValueInfoProto {
  name?: string;
  type?: { tensorType?: { elemType?: number; shape?: TensorShapeProto | null } | null } | null;
}

export interface TensorShapeProto {
  dim?: { dimValue?: Int64 | number; dimParam?: string }[];
}

/** TensorProto.DataType, as far as onnxruntime's CPU kernels take them. */
export const ELEM_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

export type ElemTypeName = keyof typeof ELEM_TYPES;
