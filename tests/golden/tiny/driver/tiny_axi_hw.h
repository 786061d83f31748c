/* tiny_axi: registers, formats and sizes. Emitted by fcn_hw; changes here are overwritten.
 *
 * Offsets are bytes from the base of s_axi_control. Beside each data register lies its ap_vld bit
 * (offset + 4), which nothing needs. Codes are little-endian, in (row, column, channel) order.
 */
#ifndef TINY_AXI_HW_H_
#define TINY_AXI_HW_H_

#define TINY_AXI_DESIGN_ID 0xec15ae28u

/* Block protocol: bit 0 start, bit 7 start again after every frame. */
#define TINY_AXI_CTRL_OFFSET 0x00u
/* Frames written since reset, modulo 2^32. */
#define TINY_AXI_FRAMES_OFFSET 0x20u
/* First 32 bits of the graph's digest; 0 until the first frame has ended. */
#define TINY_AXI_DESIGN_ID_OFFSET 0x30u
/* Frames since reset with a TLAST that was early (15..0), late or missing (31..16). */
#define TINY_AXI_ERRORS_IMAGE_OFFSET 0x40u
#define TINY_AXI_START 0x81u /* into ctrl: start, and start again after every frame */

/* in_image: ufixed<8,0>, codes 0 to 255; DMA axi_dma_0 */
/* code * 1/256 */
#define TINY_AXI_IN_IMAGE_HEIGHT 6
#define TINY_AXI_IN_IMAGE_WIDTH 8
#define TINY_AXI_IN_IMAGE_CHANNELS 1
#define TINY_AXI_IN_IMAGE_ELEMENT_BYTES 1
#define TINY_AXI_IN_IMAGE_FRAME_BYTES 48
#define TINY_AXI_IN_IMAGE_BEATS 6

/* out_class_map: ufixed<8,8>, codes 0 to 255; DMA axi_dma_0 */
/* class of the largest score */
#define TINY_AXI_OUT_CLASS_MAP_HEIGHT 6
#define TINY_AXI_OUT_CLASS_MAP_WIDTH 8
#define TINY_AXI_OUT_CLASS_MAP_CHANNELS 1
#define TINY_AXI_OUT_CLASS_MAP_ELEMENT_BYTES 1
#define TINY_AXI_OUT_CLASS_MAP_FRAME_BYTES 48
#define TINY_AXI_OUT_CLASS_MAP_BEATS 6

#endif
