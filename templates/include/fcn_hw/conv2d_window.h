// The windows of conv2d.h and depthwise_conv2d.h, as windows.h wants them.
#ifndef FCN_HW_CONV2D_WINDOW_H_
#define FCN_HW_CONV2D_WINDOW_H_

namespace fcn_hw {

// One phase, moved by the stride.
template <typename CONFIG_T> struct conv2d_window {
    static constexpr int taps_height = CONFIG_T::kernel_height;
    static constexpr int taps_width = CONFIG_T::kernel_width;
    static constexpr int spread_height = CONFIG_T::dilation_height;
    static constexpr int spread_width = CONFIG_T::dilation_width;
    static constexpr int top = -CONFIG_T::pad_top;
    static constexpr int left = -CONFIG_T::pad_left;
    static constexpr int move_height = CONFIG_T::stride_height;
    static constexpr int move_width = CONFIG_T::stride_width;
    static constexpr int phases_height = 1;
    static constexpr int phases_width = 1;
    static constexpr int phase_top = 0;
    static constexpr int phase_left = 0;
};

} // namespace fcn_hw

#endif
