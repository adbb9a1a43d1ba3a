// The examples that are shown to models, by whose requests they are: one index (example_index.h) for each instruction
// and form of a tenant's task. One tenant's are never shown in another's request.
// Thread rule: any thread; a look-up takes a lock for a moment and copies a pointer, put() and take_away() copy a map
// of pointers. Limits: kMostIndexes, kMostBytes; the one put first goes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "tiers/model/example_index.h"
#include "tiers/student/student_shelf.h"

namespace weir::tiers {

struct ShelvedExamples {
    student::StudentKey key;
    std::shared_ptr<const ExampleIndex> index;
    std::uint64_t number = 0;  // as they were put
};

class ExampleShelf {
  public:
    static constexpr std::size_t kMostIndexes = 1'000;
    static constexpr std::size_t kMostBytes = 256U << 20U;

    // Instead of what is there for the key.
    void put(const student::StudentKey& key, std::shared_ptr<const ExampleIndex> index);
    void take_away(const std::function<bool(const student::StudentKey&)>& is_meant);

    using Examples = std::vector<std::shared_ptr<const ShelvedExamples>>;
    // Those of a task, whatever their instruction and form; empty: none.
    Examples find(std::string_view tenant, std::string_view cascade, std::string_view reference,
                  std::uint64_t task) const;

    std::size_t size() const;  // examples in all

  private:
    // By task first: the names are compared where that is the same.
    using Map = std::multimap<std::uint64_t, std::shared_ptr<const ShelvedExamples>>;
    std::shared_ptr<const Map> now() const;
    void change_to(std::shared_ptr<const Map> map);

    std::mutex changing_;
    std::uint64_t number_ = 0;  // with `changing_`
    mutable std::mutex mutex_;
    std::shared_ptr<const Map> map_ = std::make_shared<Map>();
};

}  // namespace weir::tiers
