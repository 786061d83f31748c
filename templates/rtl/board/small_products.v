// For yosys: products that are built in look-up tables, so that `synth_ecp5` gives them no multiplier.
// SMALLEST_OPERAND and LARGEST_RESULT are the bits of fcn_hw's estimate (costs/arithmetic.py, `in_dsp`).
(* techmap_celltype = "$mul" *)
module small_product (A, B, Y);
parameter A_SIGNED = 0;
parameter B_SIGNED = 0;
parameter A_WIDTH = 1;
parameter B_WIDTH = 1;
parameter Y_WIDTH = 1;
input [A_WIDTH-1:0] A;
input [B_WIDTH-1:0] B;
output [Y_WIDTH-1:0] Y;
wire _TECHMAP_FAIL_ = A_WIDTH >= `SMALLEST_OPERAND && B_WIDTH >= `SMALLEST_OPERAND
                      && Y_WIDTH > `LARGEST_RESULT;
wire [Y_WIDTH+A_WIDTH-1:0] extended = {{Y_WIDTH{A_SIGNED != 0 && A[A_WIDTH-1]}}, A};
wire [Y_WIDTH*(B_WIDTH+1)-1:0] sums;  // of no row, of one, of two, ...
assign sums[Y_WIDTH-1:0] = {Y_WIDTH{1'b0}};
genvar n;
generate
    for (n = 0; n < B_WIDTH; n = n + 1) begin : row
        wire [Y_WIDTH-1:0] term = {Y_WIDTH{B[n]}} & (extended[Y_WIDTH-1:0] << n);
        // the highest bit of a signed number counts negative
        if (B_SIGNED != 0 && n == B_WIDTH - 1)
            assign sums[Y_WIDTH*(n+1) +: Y_WIDTH] = sums[Y_WIDTH*n +: Y_WIDTH] - term;
        else
            assign sums[Y_WIDTH*(n+1) +: Y_WIDTH] = sums[Y_WIDTH*n +: Y_WIDTH] + term;
    end
endgenerate
assign Y = sums[Y_WIDTH*B_WIDTH +: Y_WIDTH];
endmodule
