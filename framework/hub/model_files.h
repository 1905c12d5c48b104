// Which files of a model repository the engine needs.
#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bv2::hub {

/// All file names in the root of a repository or a snapshot that are needed before the weights: the
/// configuration, the tokenizer, and the index of the weights unless they are in one file. Throws Error for
/// a repository that the engine cannot load, saying what it lacks; `model` names it.
std::vector<std::string> description_files(const std::set<std::string>& available, std::string_view model);

/// The files with the weights. `index` is the text of the index where description_files names one, else
/// empty. Throws Error where one is missing or the index is damaged.
std::vector<std::string> weight_files(const std::set<std::string>& available, std::string_view index,
                                      std::string_view model);

/// The name of the index.
std::string_view weight_index_file();

}  // namespace bv2::hub
