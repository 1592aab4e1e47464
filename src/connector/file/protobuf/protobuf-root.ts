/** What a Root of protobufjs has. In a file of its own, as public declarations name nothing of an optional library. */
export type ProtobufRoot = { lookupType(name: string): unknown };
