#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "frame/error.h"
#include "mask/colours.h"

namespace samwire {
namespace {

// Samples along a window's shorter side, and in all.
constexpr double kAcross = 14;
constexpr double kMostCells = 1 << 14;
constexpr double kMostSide = 1 << 20;
// The ring round a window reaches so much farther, of its sides.
constexpr double kRing = 0.35;

// Sums of chances over rectangles of cells: an integral image over a part of the frame.
class Chances {
 public:
  Chances(const ImageView& view, std::span<const float, kColourBins> chances, int x1, int y1,
          int x2, int y2, int step)
      : x1_(x1),
        y1_(y1),
        step_(step),
        columns_((x2 - x1 + step - 1) / step),
        rows_((y2 - y1 + step - 1) / step),
        sums_(static_cast<std::size_t>(columns_ + 1) * (rows_ + 1)) {
    const ColourReader reader(view);
    for (int j = 0; j < rows_; ++j) {
      double row = 0;
      for (int i = 0; i < columns_; ++i) {
        row += chances[reader.bin(x1 + i * step, y1 + j * step)];
        at(i + 1, j + 1) = at(i + 1, j) + row;
      }
    }
  }

  int columns() const { return columns_; }
  int rows() const { return rows_; }
  double x(int column) const { return x1_ + static_cast<double>(column) * step_; }
  double y(int row) const { return y1_ + static_cast<double>(row) * step_; }

  // Fills in what of the window round a peak is the object's.
  void look(ColourPeak& peak, double width, double height) const {
    const int a = cell(peak.x - width / 2 - x1_, columns_);
    const int b = cell(peak.x + width / 2 - x1_, columns_);
    const int c = cell(peak.y - height / 2 - y1_, rows_);
    const int d = cell(peak.y + height / 2 - y1_, rows_);
    peak.seen = {peak.x - width / 2, peak.y - height / 2, peak.x + width / 2, peak.y + height / 2};
    peak.inside_x = peak.x;
    peak.inside_y = peak.y;
    std::vector<int> by_column(std::max(0, b - a)), by_row(std::max(0, d - c));
    int likely = 0;
    double best = 0;
    for (int j = c; j < d; ++j) {
      for (int i = a; i < b; ++i) {
        if (get(i + 1, j + 1) - get(i, j + 1) - get(i + 1, j) + get(i, j) <= 0.5) continue;
        ++likely;
        ++by_column[i - a];
        ++by_row[j - c];
        const double thick = around(i, j);
        const double dx = (x(i) - peak.x) / width, dy = (y(j) - peak.y) / height;
        const double weighed = thick * (1 - 0.5 * (dx * dx + dy * dy));
        if (weighed > best) {
          best = weighed;
          peak.inside_x = x(i);
          peak.inside_y = y(j);
        }
      }
    }
    if (likely == 0) return;
    const auto [left, right] = middle(by_column, likely);
    const auto [top, bottom] = middle(by_row, likely);
    peak.seen = {x(a + left), y(c + top), x(a + right) + step_, y(c + bottom) + step_};
  }

  // Of a rectangle in source pixels; what lies beyond the part counts 0.
  double sum(double x1, double y1, double x2, double y2) const {
    const int a = cell(x1 - x1_, columns_), b = cell(x2 - x1_, columns_);
    const int c = cell(y1 - y1_, rows_), d = cell(y2 - y1_, rows_);
    return get(b, d) - get(a, d) - get(b, c) + get(a, c);
  }

 private:
  int cell(double offset, int limit) const {
    return std::clamp(static_cast<int>(std::lround(offset / step_)), 0, limit);
  }
  // The sum over 5 x 5 cells.
  double around(int i, int j) const {
    const int a = std::max(0, i - 2), b = std::min(columns_, i + 3);
    const int c = std::max(0, j - 2), d = std::min(rows_, j + 3);
    return get(b, d) - get(a, d) - get(b, c) + get(a, c);
  }
  // The first and the last line without the outermost fiftieth of what is counted, at each end.
  static std::pair<int, int> middle(const std::vector<int>& lines, int total) {
    const int spare = total / 50;
    const auto first = [&](auto from, auto to) {
      int passed = 0;
      int index = 0;
      for (; from != to; ++from, ++index) {
        passed += *from;
        if (passed > spare) break;
      }
      return index;
    };
    const int last = static_cast<int>(lines.size()) - 1;
    return {first(lines.begin(), lines.end()), last - first(lines.rbegin(), lines.rend())};
  }
  double& at(int i, int j) { return sums_[static_cast<std::size_t>(j) * (columns_ + 1) + i]; }
  double get(int i, int j) const { return sums_[static_cast<std::size_t>(j) * (columns_ + 1) + i]; }

  int x1_, y1_, step_, columns_, rows_;
  std::vector<double> sums_;
};

}  // namespace

std::vector<ColourPeak> find_colours(const ImageView& view,
                                     std::span<const float, kColourBins> chances,
                                     const ColourSearch& search) {
  const auto [ax1, ay1, ax2, ay2] = search.area;
  const bool finite = std::isfinite(ax1) && std::isfinite(ay1) && std::isfinite(ax2) &&
                      std::isfinite(ay2) && std::isfinite(search.expected_x) &&
                      std::isfinite(search.expected_y) && std::isfinite(search.sigma);
  const auto is_side = [](double side) { return side >= 1 && side <= kMostSide; };
  if (!finite || !is_side(search.width) || !is_side(search.height)) {
    throw Error("invalid_argument",
                "Expected a finite area and a window with sides of 1 to 2^20 pixels.");
  }
  const double reach_x = search.width * (0.5 + kRing);
  const double reach_y = search.height * (0.5 + kRing);
  const int x1 = static_cast<int>(std::clamp<double>(std::floor(ax1 - reach_x), 0, view.width));
  const int y1 = static_cast<int>(std::clamp<double>(std::floor(ay1 - reach_y), 0, view.height));
  const int x2 = static_cast<int>(std::clamp<double>(std::ceil(ax2 + reach_x), 0, view.width));
  const int y2 = static_cast<int>(std::clamp<double>(std::ceil(ay2 + reach_y), 0, view.height));
  if (x2 <= x1 || y2 <= y1) return {};
  const double fine = std::min(search.width, search.height) / kAcross;
  const double coarse = std::sqrt(static_cast<double>(x2 - x1) * (y2 - y1) / kMostCells);
  const int step = std::max(1, static_cast<int>(std::max(std::floor(fine), std::ceil(coarse))));
  const Chances cells(view, chances, x1, y1, x2, y2, step);

  const double area = search.width * search.height / (static_cast<double>(step) * step);
  const double ring_area = area * ((1 + 2 * kRing) * (1 + 2 * kRing) - 1);
  struct Scored {
    ColourPeak peak;
    double weighed;
  };
  std::vector<Scored> scored;
  for (int j = 0; j <= cells.rows(); ++j) {
    const double y = cells.y(j);
    if (y < ay1 || y > ay2) continue;
    for (int i = 0; i <= cells.columns(); ++i) {
      const double x = cells.x(i);
      if (x < ax1 || x > ax2) continue;
      const double inner = cells.sum(x - search.width / 2, y - search.height / 2,
                                     x + search.width / 2, y + search.height / 2);
      const double outer = cells.sum(x - reach_x, y - reach_y, x + reach_x, y + reach_y);
      const double score = inner / area - (outer - inner) / ring_area;
      const double dx = x - search.expected_x;
      const double dy = y - search.expected_y;
      const double near =
          search.sigma > 0 ? std::exp(-(dx * dx + dy * dy) / (2 * search.sigma * search.sigma)) : 1;
      scored.push_back({{x, y, score, {}, x, y}, score * (score > 0 ? near : 1)});
    }
  }
  std::vector<ColourPeak> peaks;
  const auto taken = [&](const ColourPeak& peak) {
    return std::any_of(peaks.begin(), peaks.end(), [&](const ColourPeak& other) {
      return std::abs(other.x - peak.x) < search.width / 2 &&
             std::abs(other.y - peak.y) < search.height / 2;
    });
  };
  while (static_cast<int>(peaks.size()) < search.peaks) {
    const Scored* best = nullptr;
    for (const Scored& one : scored) {
      if ((best == nullptr || one.weighed > best->weighed) && !taken(one.peak)) best = &one;
    }
    if (best == nullptr) break;
    peaks.push_back(best->peak);
    cells.look(peaks.back(), search.width, search.height);
  }
  return peaks;
}

}  // namespace samwire
