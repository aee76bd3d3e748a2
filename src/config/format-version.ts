/** Of the config's format: what this Samwire reads as it is, and what its example and its docs are written in. */
export const CONFIG_VERSION = 1;
