#pragma once

#include <gst/gst.h>

#include <string>
#include <string_view>

namespace samwire {

// "Could not open resource for reading. No such file "/x.mp4" (filesrc). It is played as soon as it
// is there", on one line, of an error message.
std::string error_text(GstMessage* message);

// Of gst_parse_launch; `error` may be null.
std::string parse_error_text(const GError* error);

// What to do about an element's error, one sentence without its full stop; "" where its own text
// says it all. GStreamer has codes for some causes; others show in its text only ("system error: No
// such file or directory"), which is in English, since the locale is never set
// (init_gstreamer).
std::string remedy_of(std::string_view element, const GError& error, std::string_view text);

}  // namespace samwire
