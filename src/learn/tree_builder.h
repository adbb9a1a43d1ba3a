// How BoostedTrees are grown; only boosted_trees.cpp and this part's own .cpp use it.
// Thread rule: one owner. Limits: those of boosted_trees.h; memory: a byte a value, plus 2^depth histograms.
#pragma once

#include "learn/boosted_trees.h"
#include "learn/random_bits.h"

namespace weir::learn {

class TreeBuilder {
  public:
    // The examples must outlive the builder, and have been checked.
    TreeBuilder(const Examples& examples, const BoostedTrees::Options& options);
    Result<BoostedTrees> build();

  private:
    struct Sum {
        double slope = 0, curve = 0;  // first and second derivatives of the loss
    };
    struct Branch {                      // a node under construction
        std::size_t begin = 0, end = 0;  // its rows in order_
        Sum sum;
        double least = 0, most = 0;  // what monotone columns above allow for its value
        bool alive = false;          // may be split further
        std::vector<Sum> histogram;  // column in drawn_ after column, bins_ + 1 sums each
    };
    struct Split {
        double gain = 0;
        std::size_t drawn = 0;  // index in drawn_
        std::size_t bin = 0;    // the last that goes left
        Sum left;
        double left_value = 0, right_value = 0;
    };

    void make_bins();
    void draw_rows_and_columns();
    void grow_tree();
    void fill(Branch& branch);
    Split best_split(const Branch& branch) const;
    void divide(Branch& parent, const Split& split, Branch& left, Branch& right);
    double value_of(const Sum& sum, double least, double most) const;
    float threshold_of(std::size_t column, std::size_t bin) const;

    const Examples& examples_;
    const BoostedTrees::Options& options_;
    RandomBits random_;
    std::size_t columns_, slots_;            // slots_: bins in a histogram, the one of missing values included
    std::vector<std::vector<float>> edges_;  // of each column; a value is in bin 1 + (edges below it), missing: bin 0
    std::vector<std::uint8_t> binned_;       // row after row
    std::vector<double> margins_;
    std::vector<float> slopes_, curves_;
    std::vector<std::uint32_t> order_, scratch_;
    std::vector<std::size_t> drawn_;  // columns of this tree
    BoostedTrees model_;
};

}  // namespace weir::learn
