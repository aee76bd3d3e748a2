#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "edges/boundary_counts.h"
#include "edges/edge_map.h"
#include "edges/match.h"
#include "edges/soft_edges.h"
#include "edges/thin.h"
#include "frame/error.h"
#include "mask/sampling.h"

namespace samwire {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Floats = std::vector<float>;

MaskSpec spec_of(int grid, int width, int height, bool via_input) {
  MaskSpec spec;
  spec.grid_width = grid;
  spec.grid_height = grid;
  const int side = 4 * grid;
  const int longest = std::max(width, height);
  const auto part = [&](int length) { return std::max(1, side * length / longest); };
  spec.placement = {0, 0, part(width), part(height), side, side};
  spec.frame_width = width;
  spec.frame_height = height;
  spec.via_input = via_input;
  return spec;
}

// The definition, pixel by pixel over full-size images.
Floats slow_soft_edges(const Floats& logits, const MaskSpec& spec) {
  const FrameSampling sampling = sample_frame(spec);
  const int w = spec.frame_width;
  const int h = spec.frame_height;
  std::vector<double> value(static_cast<std::size_t>(w) * h);
  for (int y = 0; y < h; ++y) {
    for (int x = 0; x < w; ++x) {
      const AxisTap& ty = sampling.y.taps[y];
      const AxisTap& tx = sampling.x.taps[x];
      double sum = 0;
      for (int i = 0; i < ty.count; ++i) {
        for (int j = 0; j < tx.count; ++j) {
          const int row = sampling.y.knots[ty.start + i];
          const int column = sampling.x.knots[tx.start + j];
          sum += static_cast<double>(ty.weight[i]) * tx.weight[j] *
                 logits[static_cast<std::size_t>(row) * spec.grid_width + column];
        }
      }
      value[static_cast<std::size_t>(y) * w + x] = sum;
    }
  }
  const auto at = [&](int x, int y) {
    return value[static_cast<std::size_t>(std::clamp(y, 0, h - 1)) * w + std::clamp(x, 0, w - 1)];
  };
  Floats edges(value.size());
  for (int y = 0; y < h; ++y) {
    for (int x = 0; x < w; ++x) {
      const int kernel[3] = {1, 2, 1};
      double gx = 0;
      double gy = 0;
      int inside = 0;
      for (int v = -1; v <= 1; ++v) {
        for (int u = -1; u <= 1; ++u) {
          const double logit = at(x + u, y + v);
          const double p = 1 / (1 + std::exp(-(logit - spec.threshold)));
          inside += logit > spec.threshold ? 1 : 0;
          gx += u * kernel[v + 1] * p;
          gy += v * kernel[u + 1] * p;
        }
      }
      if (inside == 0 || inside == 9) continue;
      edges[static_cast<std::size_t>(y) * w + x] = static_cast<float>(std::hypot(gx, gy) / 4);
    }
  }
  return edges;
}

Floats random_blob(int grid, std::mt19937& random) {
  Floats logits(static_cast<std::size_t>(grid) * grid);
  const double cx = static_cast<double>(random() % grid);
  const double cy = static_cast<double>(random() % grid);
  const double r = 1 + static_cast<double>(random() % (grid / 2));
  for (int y = 0; y < grid; ++y) {
    for (int x = 0; x < grid; ++x) {
      const double noise = static_cast<double>(random() % 1000) / 1000 - 0.5;
      logits[static_cast<std::size_t>(y) * grid + x] =
          static_cast<float>(r - std::hypot(x - cx, y - cy) + noise);
    }
  }
  return logits;
}

TEST(SoftEdges, AreTheSobelOfProbabilitiesOnTheBoundary) {
  std::mt19937 random(3);
  for (int round = 0; round < 40; ++round) {
    const int width = 1 + static_cast<int>(random() % 90);
    const int height = 1 + static_cast<int>(random() % 90);
    MaskSpec spec = spec_of(16, width, height, round % 2 == 0);
    spec.threshold = round % 3 == 0 ? 0.25F : 0;
    SoftEdges soft(spec);
    Floats strength(static_cast<std::size_t>(width) * height);
    Floats expected(strength.size());
    for (int plane = 0; plane < 3; ++plane) {
      const Floats logits = random_blob(16, random);
      soft.add(logits.data(), strength.data());
      const Floats slow = slow_soft_edges(logits, spec);
      for (std::size_t i = 0; i < slow.size(); ++i) expected[i] = std::max(expected[i], slow[i]);
    }
    for (std::size_t i = 0; i < strength.size(); ++i) {
      ASSERT_NEAR(strength[i], expected[i], 2e-4)
          << "round " << round << ", pixel " << i % width << ", " << i / width;
    }
  }
}

TEST(SoftEdges, AreNoneWhereAMaskIsEmptyOrFull) {
  const MaskSpec spec = spec_of(16, 60, 40, true);
  SoftEdges soft(spec);
  Floats strength(60 * 40);
  for (const float level : {-5.0F, 5.0F, std::numeric_limits<float>::quiet_NaN()}) {
    const Floats logits(16 * 16, level);
    soft.add(logits.data(), strength.data());
    EXPECT_EQ(*std::max_element(strength.begin(), strength.end()), 0);
  }
}

TEST(EdgeMap, LeavesTheCrestOfALineWhateverItsDirection) {
  const int side = 60;
  for (int degrees = 0; degrees < 180; degrees += 15) {
    const double angle = degrees * 3.14159265 / 180;
    Floats strength(side * side);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const double across = (x - 29.5) * std::cos(angle) + (y - 29.5) * std::sin(angle);
        strength[y * side + x] = static_cast<float>(std::exp(-across * across / 8));
      }
    }
    Bytes out(strength.size());
    finish_edge_map(strength.data(), side, side, out.data());
    int kept = 0;
    for (int y = 8; y < side - 8; ++y) {
      for (int x = 8; x < side - 8; ++x) {
        if (out[y * side + x] == 0) continue;
        ++kept;
        const double across = (x - 29.5) * std::cos(angle) + (y - 29.5) * std::sin(angle);
        EXPECT_LE(std::abs(across), 1.1) << degrees << " degrees at " << x << ", " << y;
        EXPECT_GE(out[y * side + x], 200);
      }
    }
    EXPECT_GE(kept, 44) << degrees << " degrees";
  }
}

TEST(EdgeMap, FadesAtTheBorderAndIsEmptyWithoutEdges) {
  const int side = 40;
  Floats strength(side * side);
  Bytes out(strength.size(), 7);
  finish_edge_map(strength.data(), side, side, out.data());
  EXPECT_EQ(*std::max_element(out.begin(), out.end()), 0);
  for (int y = 0; y < side; ++y) strength[y * side + 20] = 0.3F;
  finish_edge_map(strength.data(), side, side, out.data());
  EXPECT_EQ(out[20 * side + 20], 255);
  EXPECT_EQ(out[20], 0);
  EXPECT_EQ(out[2 * side + 20], 102);
  EXPECT_THROW(finish_edge_map(strength.data(), 0, 4, out.data()), Error);
}

TEST(EdgeMap, TakesPicturesOfAFewPixels) {
  for (int width = 1; width < 8; ++width) {
    for (int height = 1; height < 8; ++height) {
      const Floats strength(static_cast<std::size_t>(width) * height, 0.5F);
      Bytes out(strength.size());
      finish_edge_map(strength.data(), width, height, out.data());
      EXPECT_EQ(*std::max_element(out.begin(), out.end()), 0);
    }
  }
}

Bytes drawing(const std::vector<const char*>& rows) {
  Bytes map;
  for (const char* row : rows) {
    for (; *row != 0; ++row) map.push_back(*row == '#' ? 1 : 0);
  }
  return map;
}

TEST(Thin, MakesAThickBarALineAndKeepsALine) {
  Bytes bar = drawing({"........", ".######.", ".######.", ".######.", "........"});
  thin(bar.data(), 8, 5);
  EXPECT_EQ(bar, drawing({"........", "........", "..####..", "........", "........"}));
  Bytes line = drawing({"......", ".####.", "....#.", "....#.", "......"});
  const Bytes before = line;
  thin(line.data(), 6, 5);
  EXPECT_EQ(std::count(line.begin(), line.end(), 1), 5);
  Bytes again = line;
  thin(again.data(), 6, 5);
  EXPECT_EQ(again, line);
}

int components(Bytes map, int width, int height) {
  int count = 0;
  for (int start = 0; start < width * height; ++start) {
    if (map[start] == 0) continue;
    ++count;
    std::vector<int> open{start};
    map[start] = 0;
    while (!open.empty()) {
      const int at = open.back();
      open.pop_back();
      for (int v = -1; v <= 1; ++v) {
        for (int u = -1; u <= 1; ++u) {
          const int x = at % width + u;
          const int y = at / width + v;
          if (x < 0 || y < 0 || x >= width || y >= height || map[y * width + x] == 0) continue;
          map[y * width + x] = 0;
          open.push_back(y * width + x);
        }
      }
    }
  }
  return count;
}

TEST(Thin, KeepsWhatHangsTogether) {
  std::mt19937 random(9);
  for (int round = 0; round < 60; ++round) {
    const int width = 3 + static_cast<int>(random() % 30);
    const int height = 3 + static_cast<int>(random() % 30);
    Bytes map(static_cast<std::size_t>(width) * height);
    for (auto& pixel : map) pixel = random() % 100 < 45;
    const Bytes before = map;
    thin(map.data(), width, height);
    for (std::size_t i = 0; i < map.size(); ++i) EXPECT_LE(map[i], before[i]);
    EXPECT_EQ(components(map, width, height), components(before, width, height));
  }
}

// The least cost of all assignments, tried one by one: distances, and `alone` for each found pixel
// without a partner.
struct Exhaustive {
  std::vector<std::pair<int, int>> found;
  std::vector<std::pair<int, int>> truth;
  double reach = 0;
  std::int64_t alone = 0;

  std::int64_t best(std::size_t row, unsigned used) const {
    if (row == found.size()) return 0;
    std::int64_t least = alone + best(row + 1, used);
    for (std::size_t j = 0; j < truth.size(); ++j) {
      const double d =
          std::hypot(found[row].first - truth[j].first, found[row].second - truth[j].second);
      if ((used >> j & 1U) != 0 || d > reach) continue;
      least = std::min<std::int64_t>(least, std::llrint(100 * d) + best(row + 1, used | 1U << j));
    }
    return least;
  }
};

TEST(BoundaryMatcher, FindsTheCheapestAssignment) {
  std::mt19937 random(17);
  for (int round = 0; round < 400; ++round) {
    const int width = 4 + static_cast<int>(random() % 6);
    const int height = 4 + static_cast<int>(random() % 6);
    const double reach = 1 + static_cast<double>(random() % 30) / 10;
    Exhaustive all{{}, {}, reach, std::llrint(std::ceil(10000 * reach))};
    Bytes found(static_cast<std::size_t>(width) * height);
    Bytes truth(found.size());
    for (int i = 0; i < 7; ++i) {
      found[random() % found.size()] = 1;
      if (i < 4 || round % 2 == 0) truth[random() % truth.size()] = 1;
    }
    for (int i = 0; i < width * height; ++i) {
      if (found[i] != 0) all.found.emplace_back(i % width, i / width);
      if (truth[i] != 0) all.truth.emplace_back(i % width, i / width);
    }
    BoundaryMatcher matcher(width, height, reach);
    Bytes matched(found.size());
    const BoundaryPairs pairs = matcher.match(found.data(), truth.data(), matched.data());
    EXPECT_EQ(std::count(matched.begin(), matched.end(), 1), pairs.count);
    for (std::size_t i = 0; i < matched.size(); ++i) EXPECT_LE(matched[i], found[i]);
    const auto left = static_cast<std::int64_t>(all.found.size()) - pairs.count;
    EXPECT_EQ(pairs.distance + all.alone * left, all.best(0, 0)) << "round " << round;
  }
}

TEST(BoundaryMatcher, PairsShiftedLinesWithinReachOnly) {
  const int width = 50;
  Bytes found(50 * 30);
  Bytes truth(found.size());
  for (int x = 5; x < 45; ++x) {
    found[10 * width + x] = 1;
    truth[13 * width + x] = 1;
  }
  Bytes matched(found.size());
  EXPECT_EQ(BoundaryMatcher(width, 30, 3).match(found.data(), truth.data(), matched.data()).count,
            40);
  EXPECT_EQ(BoundaryMatcher(width, 30, 2.9).match(found.data(), truth.data(), matched.data()).count,
            0);
  EXPECT_THROW(BoundaryMatcher(0, 30, 3), Error);
  EXPECT_THROW(BoundaryMatcher(30, 30, std::nan("")), Error);
}

TEST(BoundaryCounts, CountAFoundPixelOnceAndEachAnnotatorsTruth) {
  const int width = 40;
  Bytes edges(40 * 40);
  Bytes first(edges.size());
  Bytes second(edges.size());
  for (int x = 2; x < 38; ++x) {
    edges[10 * width + x] = 200;
    edges[30 * width + x] = 90;  // nobody's
    first[11 * width + x] = 1;
    second[9 * width + x] = 1;
    second[20 * width + x] = 1;  // not found
  }
  BoundaryCountRequest request{width, 40,  edges.data(), 100, {first.data(), second.data()},
                               2,     true};
  BoundaryCounts counts = count_boundaries(request);
  EXPECT_EQ(counts.found, 36);
  EXPECT_EQ(counts.matched_found, 36);
  EXPECT_EQ(counts.truth, 3 * 36);
  EXPECT_EQ(counts.matched_truth, 2 * 36);
  request.level = 50;
  counts = count_boundaries(request);
  EXPECT_EQ(counts.found, 72);
  EXPECT_EQ(counts.matched_found, 36);
}

}  // namespace
}  // namespace samwire
