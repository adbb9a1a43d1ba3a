#include "tiers/model/example_shelf.h"

#include <algorithm>
#include <utility>

namespace weir::tiers {

std::shared_ptr<const ExampleShelf::Map> ExampleShelf::now() const {
    const std::lock_guard lock(mutex_);
    return map_;
}

void ExampleShelf::change_to(std::shared_ptr<const Map> map) {
    const std::lock_guard lock(mutex_);
    map_.swap(map);  // the one before is let go of without the lock
}

void ExampleShelf::put(const student::StudentKey& key, std::shared_ptr<const ExampleIndex> index) {
    const std::lock_guard changing(changing_);
    auto map = std::make_shared<Map>(*now());
    std::erase_if(*map, [&key](const auto& each) { return each.second->key == key; });
    map->emplace(key.task, std::make_shared<const ShelvedExamples>(ShelvedExamples{key, std::move(index), ++number_}));
    std::size_t bytes = 0;
    for (const auto& [task, examples] : *map) bytes += examples->index->bytes();
    while (map->size() > 1 && (map->size() > kMostIndexes || bytes > kMostBytes)) {
        const auto first = std::min_element(
            map->begin(), map->end(), [](const auto& a, const auto& b) { return a.second->number < b.second->number; });
        bytes -= first->second->index->bytes();
        map->erase(first);
    }
    change_to(std::move(map));
}

void ExampleShelf::take_away(const std::function<bool(const student::StudentKey&)>& is_meant) {
    const std::lock_guard changing(changing_);
    auto map = std::make_shared<Map>(*now());
    if (std::erase_if(*map, [&](const auto& each) { return is_meant(each.second->key); }) == 0) return;
    change_to(std::move(map));
}

ExampleShelf::Examples ExampleShelf::find(std::string_view tenant, std::string_view cascade, std::string_view reference,
                                          std::uint64_t task) const {
    const std::shared_ptr<const Map> map = now();
    Examples found;
    for (auto [each, end] = map->equal_range(task); each != end; ++each) {
        const student::StudentKey& key = each->second->key;
        if (key.tenant == tenant && key.cascade == cascade && key.reference == reference) found.push_back(each->second);
    }
    return found;
}

std::size_t ExampleShelf::size() const {
    std::size_t size = 0;
    for (const auto& [task, examples] : *now()) size += examples->index->size();
    return size;
}

}  // namespace weir::tiers
