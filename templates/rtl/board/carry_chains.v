// For yosys: an addition as a carry chain, a look-up table for each bit, before it is joined with others.
(* techmap_celltype = "$add" *)
module fcn_hw_carry_chain (A, B, Y);
parameter A_SIGNED = 0;
parameter B_SIGNED = 0;
parameter A_WIDTH = 1;
parameter B_WIDTH = 1;
parameter Y_WIDTH = 1;
input [A_WIDTH-1:0] A;
input [B_WIDTH-1:0] B;
output [Y_WIDTH-1:0] Y;
wire [Y_WIDTH-1:0] unused_x, unused_co;
\$alu #(
    .A_SIGNED(A_SIGNED && B_SIGNED), .B_SIGNED(A_SIGNED && B_SIGNED),
    .A_WIDTH(A_WIDTH), .B_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)
) alu (
    .A(A), .B(B), .CI(1'b0), .BI(1'b0), .Y(Y), .X(unused_x), .CO(unused_co)
);
endmodule
