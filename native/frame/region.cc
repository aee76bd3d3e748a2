#include "frame/region.h"

#include <string>

#include "frame/error.h"

namespace samwire {

void check_region(const Region& region, int width, int height) {
  if (region.x >= 0 && region.y >= 0 && region.width >= 1 && region.height >= 1 &&
      region.width <= width - region.x && region.height <= height - region.y) {
    return;
  }
  throw Error("invalid_argument", "Expected a region within " + std::to_string(width) + " x " +
                                      std::to_string(height) + " pixels; got " +
                                      std::to_string(region.width) + " x " +
                                      std::to_string(region.height) + " at " +
                                      std::to_string(region.x) + ", " + std::to_string(region.y));
}

}  // namespace samwire
