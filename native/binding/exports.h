#pragma once

#include <napi.h>

// One feature is one file here and one on the core's side; each adds its functions to the addon.
namespace samwire::binding {

void export_frames(Napi::Env env, Napi::Object exports);
void export_image(Napi::Env env, Napi::Object exports);
void export_scaled(Napi::Env env, Napi::Object exports);
void export_labels(Napi::Env env, Napi::Object exports);
void export_mask(Napi::Env env, Napi::Object exports);
void export_mask_measure(Napi::Env env, Napi::Object exports);
void export_colours(Napi::Env env, Napi::Object exports);
void export_patches(Napi::Env env, Napi::Object exports);
void export_objects(Napi::Env env, Napi::Object exports);
void export_depth(Napi::Env env, Napi::Object exports);
void export_edges(Napi::Env env, Napi::Object exports);
void export_camera(Napi::Env env, Napi::Object exports);
void export_systemd(Napi::Env env, Napi::Object exports);
void export_tensorrt(Napi::Env env, Napi::Object exports);
// Of addons with TensorRT.
void export_tensorrt_segmenter(Napi::Env env, Napi::Object exports);

}  // namespace samwire::binding
