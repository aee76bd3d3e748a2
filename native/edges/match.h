#pragma once

#include <cstdint>
#include <vector>

namespace samwire {

struct BoundaryPairs {
  int count = 0;
  std::int64_t distance = 0;  // of all pairs, in hundredths of a pixel, each rounded
};

// One-to-one correspondence of the pixels of two boundary maps, as the BSDS benchmark's
// correspondPixels defines it (Martin, Fowlkes and Malik, "Learning to detect natural image
// boundaries", 2004, appendix): pairs are at most `max_distance` pixels apart and cost their
// distance; each pair fewer costs 100 times the largest distance; the total is the least possible.
// So in effect there are as many pairs as can be, and among those the closest.
//
// The benchmark solves it with Goldberg's CSA package, where a pixel may only be left alone through
// one of six random partners: its solution varies by a pixel now and then. Here it is solved
// exactly, by shortest augmenting paths with prices (Jonker and Volgenant, 1987), so it is the same
// everywhere. Where several assignments cost the same, the pixels that are paired may differ from
// CSA's; their number does not.
class BoundaryMatcher {
 public:
  // Throws Error("invalid_argument") for sides below 1 or a distance that is not in 0..1000.
  BoundaryMatcher(int width, int height, double max_distance);

  // `found`, `truth`: [height, width], non-zero on boundaries. Sets `found_matched` ([height,
  // width]) to 1 where a found pixel has a partner, and leaves it as it is elsewhere.
  BoundaryPairs match(const std::uint8_t* found, const std::uint8_t* truth,
                      std::uint8_t* found_matched);

 private:
  struct Offset {
    int dx;
    int dy;
    int cost;
  };
  struct Step {
    int cost;
    int column;
    bool operator>(const Step& other) const { return cost > other.cost; }
  };

  void list_pixels(const std::uint8_t* map, const std::uint8_t* other, std::vector<int>& pixels);
  bool has_partner(int pixel, const std::uint8_t* other) const;
  void pair_coinciding();
  void place(int row);
  // Visits the columns near a row: visit(column, cost).
  template <typename Visit>
  void for_each_near(int row, Visit visit) const;

  int width_;
  int height_;
  int alone_cost_;
  std::vector<Offset> offsets_;  // nearest first

  // The assignment: each row (a pixel of the map with fewer) gets a column (of the other), or none.
  std::vector<int> row_pixel_;
  std::vector<int> column_pixel_;
  std::vector<int> column_at_;  // by pixel, -1 where there is none
  std::vector<int> column_of_row_;
  std::vector<int> row_of_column_;
  std::vector<int> row_price_;
  std::vector<int> column_price_;

  // One search: what is known of each column, valid where its stamp is the search's.
  std::vector<int> distance_;
  std::vector<int> from_row_;
  std::vector<int> stamp_;
  std::vector<Step> heap_;
  std::vector<int> settled_;  // columns
  int search_ = 0;
};

}  // namespace samwire
