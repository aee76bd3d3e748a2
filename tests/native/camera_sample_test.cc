// Samples made by hand: what elements that are broken, or hostile, may hand over.
#include <gtest/gtest.h>

#include <limits>

#include "camera/sample.h"
#include "camera_fixture.h"
#include "frame/error.h"
#include "frame/pool.h"

namespace samwire::test {
namespace {

struct BufferUnref {
  void operator()(GstBuffer* buffer) const { gst_buffer_unref(buffer); }
};
using BufferPtr = std::unique_ptr<GstBuffer, BufferUnref>;

GstVideoInfo info_of(GstVideoFormat format, guint width, guint height) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, format, width, height);
  return info;
}

BufferPtr buffer_of(gsize bytes) {
  init_gstreamer();
  return BufferPtr(gst_buffer_new_allocate(nullptr, bytes, nullptr));
}

GstSamplePtr sample_of(GstBuffer* buffer, const GstVideoInfo& info,
                       const GstSegment* segment = nullptr) {
  const GstCapsPtr caps(gst_video_info_to_caps(&info));
  return GstSamplePtr(gst_sample_new(buffer, caps.get(), segment, nullptr));
}

// A 64 x 64 picture of one byte a pixel, in `bytes` bytes, whose meta says `offset` and `stride`.
GstSamplePtr grey_sample(gsize bytes, gsize offset, gint stride) {
  const GstVideoInfo info = info_of(GST_VIDEO_FORMAT_GRAY8, 64, 64);
  const BufferPtr buffer = buffer_of(bytes);
  gst_buffer_memset(buffer.get(), 0, 7, bytes);
  gsize offsets[GST_VIDEO_MAX_PLANES] = {offset};
  gint strides[GST_VIDEO_MAX_PLANES] = {stride};
  gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_GRAY8,
                                 64, 64, 1, offsets, strides);
  return sample_of(buffer.get(), info);
}

std::string refusal(GstSample* sample, const GstVideoInfo& info) {
  try {
    const MappedSample mapped(sample, info);
    return "accepted";
  } catch (const Error& error) {
    return error.code() + ": " + error.what();
  }
}

TEST(CameraSample, RefusesAPictureThatEndsBehindItsMemory) {
  const GstVideoInfo info = info_of(GST_VIDEO_FORMAT_GRAY8, 64, 64);
  constexpr gsize kTight = 64 * 64;
  constexpr std::pair<gsize, gint> kLies[] = {{0, 65}, {1, 64}, {0, 1 << 20}, {64, 64}};
  for (const auto& [offset, stride] : kLies) {
    const GstSamplePtr sample = grey_sample(kTight, offset, stride);
    const std::string refused = refusal(sample.get(), info);
    EXPECT_EQ(refused.rfind("device_failed: Expected buffers with room", 0), 0u) << refused;
  }
}

TEST(CameraSample, RefusesRowsThatOverlapOrRunBackwards) {
  const GstVideoInfo info = info_of(GST_VIDEO_FORMAT_GRAY8, 64, 64);
  for (const gint stride : {63, 0, -64}) {
    const GstSamplePtr sample = grey_sample(64 * 64, 0, stride);
    EXPECT_EQ(refusal(sample.get(), info).rfind("device_failed", 0), 0u) << stride;
  }
}

TEST(CameraSample, TakesPaddedRowsWhoseLastOneHasNoPadding) {
  const GstVideoInfo info = info_of(GST_VIDEO_FORMAT_GRAY8, 64, 64);
  const GstSamplePtr sample = grey_sample(32 + 128 * 63 + 64, 32, 128);
  const MappedSample mapped(sample.get(), info);
  EXPECT_EQ(mapped.view().planes[0].stride, 128);
  FramePool pool;
  const FramePtr frame = copy_frame(mapped.view(), 1, 0, -1, pool);
  EXPECT_EQ(frame->view.planes[0].data[64 * 64 - 1], 7);
}

TEST(CameraSample, TakesChromaOfOddSizes) {
  const GstVideoInfo info = info_of(GST_VIDEO_FORMAT_I420, 33, 17);
  const BufferPtr buffer = buffer_of(GST_VIDEO_INFO_SIZE(&info));
  const GstSamplePtr sample = sample_of(buffer.get(), info);
  EXPECT_EQ(refusal(sample.get(), info), "accepted");
}

class CameraSampleTimes : public testing::Test {
 protected:
  void SetUp() override {
    init_gstreamer();
    sink_.reset(static_cast<GstElement*>(
        gst_object_ref_sink(gst_element_factory_make("appsink", nullptr))));
    const GstPtr<GstClock> clock(gst_system_clock_obtain());
    gst_element_set_clock(sink_.get(), clock.get());
    gst_element_set_base_time(sink_.get(), gst_clock_get_time(clock.get()) - GST_SECOND);
  }

  // Of a buffer with this time stamp, one second after the pipeline began.
  double age_ms(GstClockTime pts) {
    const BufferPtr buffer = buffer_of(16);
    GST_BUFFER_PTS(buffer.get()) = pts;
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    const GstSamplePtr sample =
        sample_of(buffer.get(), info_of(GST_VIDEO_FORMAT_GRAY8, 4, 4), &segment);
    return wall_ms() - sample_times(sample.get(), sink_.get()).timestamp_ms;
  }

  GstPtr<GstElement> sink_;
};

TEST_F(CameraSampleTimes, CountBackFromNowByTheAgeOfTheBuffer) {
  EXPECT_NEAR(age_ms(0), 1000, 250);
  EXPECT_NEAR(age_ms(600 * GST_MSECOND), 400, 250);
}

TEST_F(CameraSampleTimes, AreNowForTimeStampsThatAreAheadMissingOrOutOfAnyRange) {
  constexpr GstClockTime kMostSigned = std::numeric_limits<std::int64_t>::max();
  constexpr GstClockTime kAhead = 10 * GST_SECOND;
  for (const GstClockTime pts :
       {kAhead, kMostSigned, kMostSigned + 1, GST_CLOCK_TIME_NONE - 1, GST_CLOCK_TIME_NONE}) {
    EXPECT_NEAR(age_ms(pts), 0, 250) << pts;
  }
}

}  // namespace
}  // namespace samwire::test
