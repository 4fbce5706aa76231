// Rows of cells as aligned text, for people: columns are as wide as their widest cell, the last one
// is free.
//
// Threads: any (a value).
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::control {

class TextTable {
public:
    explicit TextTable(std::vector<std::string> head) { add(std::move(head)); }

    void add(std::vector<std::string> row) {
        widths_.resize(std::max(widths_.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths_[i] = std::max(widths_[i], row[i].size());
        }
        rows_.push_back(std::move(row));
    }

    /// Of rows besides the head.
    bool empty() const noexcept { return rows_.size() == 1; }

    std::string text() const {
        constexpr std::string_view gap = "  ";
        std::string out;
        for (const auto& row : rows_) {
            std::string line;
            for (std::size_t i = 0; i < row.size(); ++i) {
                if (i > 0) line.append(gap);
                line.append(i + 1 < row.size() ? fmt::format("{:<{}}", row[i], widths_[i])
                                               : row[i]);
            }
            out.append(line.substr(0, line.find_last_not_of(' ') + 1)).append("\n");
        }
        return out;
    }

private:
    std::vector<std::vector<std::string>> rows_;
    std::vector<std::size_t> widths_;
};

}  // namespace fairlead::control
