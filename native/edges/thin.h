#pragma once

#include <cstdint>
#include <vector>

namespace samwire {

// Thins a binary map to lines one pixel wide, in place, as MATLAB's bwmorph(map, 'thin', inf) does,
// which the BSDS benchmark calls: the two alternating passes of Lam, Lee and Suen, "Thinning
// methodologies: a comprehensive survey" (1992), page 879, each deleting all of its pixels at once,
// until nothing changes. Beyond the map is background. `map`: [height, width], 0 or 1.
void thin(std::uint8_t* map, int width, int height);

}  // namespace samwire
