/* One frame through tiny_axi without an operating system: the standalone AXI DMA driver (axidma).
 * Emitted by fcn_hw; changes here are overwritten.
 *
 * Fill the inputs' memory, call tiny_frame(). Every wait is counted, none is endless.
 * Prints "frame: ok" and the registers.
 */
#include "tiny_axi_hw.h"
#include "xaxidma.h"
#include "xil_cache.h"
#include "xil_io.h"
#include "xil_printf.h"
#include "xparameters.h"
#include "xstatus.h"

#define LONGEST_WAIT 100000000u /* polls */

#ifndef CONTROL_BASE
#ifdef SDT
#define CONTROL_BASE XPAR_TINY_AXI_BASEADDR
#else
#define CONTROL_BASE XPAR_TINY_AXI_S_AXI_CONTROL_BASEADDR
#endif
#endif

static u8 in_image[TINY_AXI_IN_IMAGE_FRAME_BYTES] __attribute__((aligned(64)));
static u8 out_class_map[TINY_AXI_OUT_CLASS_MAP_FRAME_BYTES] __attribute__((aligned(64)));

static XAxiDma axi_dma_0;

static int open_dma(XAxiDma *dma, XAxiDma_Config *config) {
    if (config == 0 || XAxiDma_CfgInitialize(dma, config) != XST_SUCCESS || XAxiDma_HasSg(dma)) {
        return XST_FAILURE;
    }
    return XST_SUCCESS;
}

static int wait_for(XAxiDma *dma, int direction, const char *port) {
    u32 polls = 0;
    while (XAxiDma_Busy(dma, direction)) {
        if (++polls == LONGEST_WAIT) {
            xil_printf("error: %s stalled\r\n", port);
            return XST_FAILURE;
        }
    }
    return XST_SUCCESS;
}

int tiny_open(void) {
#ifdef SDT
    if (open_dma(&axi_dma_0, XAxiDma_LookupConfig(XPAR_AXI_DMA_0_BASEADDR)) != XST_SUCCESS) {
#else
    if (open_dma(&axi_dma_0, XAxiDma_LookupConfig(XPAR_AXI_DMA_0_DEVICE_ID)) != XST_SUCCESS) {
#endif
        xil_printf("error: axi_dma_0 can't be opened\r\n");
        return XST_FAILURE;
    }
    Xil_Out32(CONTROL_BASE + TINY_AXI_CTRL_OFFSET, TINY_AXI_START);
    return XST_SUCCESS;
}

int tiny_frame(void) {
    Xil_DCacheFlushRange((UINTPTR)out_class_map, sizeof out_class_map);
    if (XAxiDma_SimpleTransfer(&axi_dma_0, (UINTPTR)out_class_map, sizeof out_class_map, XAXIDMA_DEVICE_TO_DMA) != XST_SUCCESS) {
        return XST_FAILURE;
    }
    Xil_DCacheFlushRange((UINTPTR)in_image, sizeof in_image);
    if (XAxiDma_SimpleTransfer(&axi_dma_0, (UINTPTR)in_image, sizeof in_image, XAXIDMA_DMA_TO_DEVICE) != XST_SUCCESS) {
        return XST_FAILURE;
    }
    if (wait_for(&axi_dma_0, XAXIDMA_DMA_TO_DEVICE, "in_image") != XST_SUCCESS) {
        return XST_FAILURE;
    }
    if (wait_for(&axi_dma_0, XAXIDMA_DEVICE_TO_DMA, "out_class_map") != XST_SUCCESS) {
        return XST_FAILURE;
    }
    Xil_DCacheInvalidateRange((UINTPTR)out_class_map, sizeof out_class_map);
    return XST_SUCCESS;
}

int main(void) {
    if (tiny_open() != XST_SUCCESS || tiny_frame() != XST_SUCCESS) {
        return 1;
    }
    xil_printf("frame: ok\r\n");
    xil_printf("frames 0x%08x\r\n", Xil_In32(CONTROL_BASE + TINY_AXI_FRAMES_OFFSET));
    xil_printf("design_id 0x%08x\r\n", Xil_In32(CONTROL_BASE + TINY_AXI_DESIGN_ID_OFFSET));
    xil_printf("errors_image 0x%08x\r\n", Xil_In32(CONTROL_BASE + TINY_AXI_ERRORS_IMAGE_OFFSET));
    return 0;
}
