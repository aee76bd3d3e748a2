// What a person is told to do about a source that fails. Devices that are busy, forbidden or pulled
// out can not be made here: their texts are GStreamer 1.22's own (gstv4l2object.c, v4l2_calls.c).
#include <gtest/gtest.h>

#include <string>

#include "camera/error_text.h"
#include "camera/gstreamer.h"

namespace samwire::test {
namespace {

struct Case {
  const char* element;
  GQuark domain;
  int code;
  const char* text;
  const char* remedy;
};

std::string told(const Case& failed) {
  const GErrorPtr error(g_error_new_literal(failed.domain, failed.code, failed.text));
  return remedy_of(failed.element, *error, failed.text);
}

TEST(CameraError, NamesWhatToDo) {
  const GQuark resource = GST_RESOURCE_ERROR;
  const Case cases[] = {
      {"v4l2src", resource, GST_RESOURCE_ERROR_BUSY,
       "Failed to allocate required memory. system error: Device or resource busy", "shm://"},
      {"v4l2src", resource, GST_RESOURCE_ERROR_OPEN_READ_WRITE,
       "Could not open device '/dev/video0' for reading and writing. system error: Permission "
       "denied",
       "group video"},
      {"v4l2src", resource, GST_RESOURCE_ERROR_READ,
       "Could not read from resource. poll error 1: No such device (19)", "not plugged in"},
      {"v4l2src", resource, GST_RESOURCE_ERROR_NOT_FOUND,
       "This isn't a device '/tmp/x'. system error: Success", "Expected a camera's device"},
      {"rtspsrc", resource, GST_RESOURCE_ERROR_NOT_AUTHORIZED, "Unauthorized (401)",
       "user name and password"},
      {"rtspsrc", resource, GST_RESOURCE_ERROR_NOT_FOUND, "Not Found (404)",
       "no stream of this path"},
      {"udpsrc", resource, GST_RESOURCE_ERROR_READ,
       "Could not receive any UDP packets for 5.0000 seconds, maybe your firewall is blocking it.",
       "transport=tcp"},
      {"shmsrc", resource, GST_RESOURCE_ERROR_OPEN_READ_WRITE,
       "Could not open socket /tmp/c: 13 Permission denied", "perms=0666"},
      {"filesrc", resource, GST_RESOURCE_ERROR_OPEN_READ,
       "Could not open file \"/x.mp4\" for reading. system error: Permission denied",
       "may not read"},
      {"decodebin", GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
       "Your GStreamer installation is missing a plug-in.", "samwire doctor"},
  };
  for (const Case& failed : cases)
    EXPECT_NE(told(failed).find(failed.remedy), std::string::npos)
        << failed.text << ": " << told(failed);
}

TEST(CameraError, AddsNothingWhereItKnowsNoMore) {
  EXPECT_EQ(told({"videotestsrc", GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
                  "Internal data stream error.", ""}),
            "");
}

TEST(CameraError, SaysHowAPipelineThatCanNotBeBuiltIsTried) {
  init_gstreamer();
  GError* raw = nullptr;
  EXPECT_EQ(
      gst_parse_launch_full("videotestsrc patern=ball", nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &raw),
      nullptr);
  const GErrorPtr error(raw);
  const std::string text = parse_error_text(error.get());
  EXPECT_NE(text.find("no property \"patern\""), std::string::npos) << text;
  EXPECT_NE(text.find("gst-launch-1.0"), std::string::npos) << text;
}

}  // namespace
}  // namespace samwire::test
